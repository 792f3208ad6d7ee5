package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	provisioning "sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// newVolumesCommand makes volumes for claims, as folders. With --node they are on that node's disk, and a pod that uses one
// can run nowhere else; without, they are on the shared folder that every node mounts, and follow the pod.
func newVolumesCommand() *cobra.Command {
	var kubeconfig, name string
	var maker folderMaker
	command := &cobra.Command{
		Use:   "volumes",
		Short: "Makes volumes for claims, as folders",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			client, err := connect(ctx, kubeconfig, "volumes")
			if err != nil {
				return err
			}
			// One node's disk is that node's business; of those who see the shared folder one at a time may work on it.
			elected := maker.node == ""
			controller := provisioning.NewProvisionController(ctx, client, name, maker, provisioning.LeaderElection(elected))
			controller.Run(ctx)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&name, "provisioner", "", "the provisioner that storage classes name")
	flags.StringVar(&maker.folder, "folder", "", "where the volumes are")
	flags.StringVar(&maker.node, "node", "", "the node whose disk the folder is on")
	return command
}

// folderMaker makes a folder a volume. It has no size: the claim's is promised and not enforced, as on a file server without quotas.
type folderMaker struct {
	folder string
	node   string
}

func (m folderMaker) Provision(_ context.Context, wanted provisioning.ProvisionOptions) (*core.PersistentVolume, provisioning.ProvisioningState, error) {
	if m.node != "" && wanted.SelectedNodeName != m.node {
		return nil, provisioning.ProvisioningFinished, &provisioning.IgnoredError{Reason: "for another node"}
	}
	path := filepath.Join(m.folder, wanted.PVName)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, provisioning.ProvisioningFinished, err
	}
	// Whoever the pod's processes are, the volume is theirs; and the umask must not say otherwise.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, provisioning.ProvisioningFinished, err
	}
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: wanted.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *wanted.StorageClass.ReclaimPolicy,
			AccessModes:                   wanted.PVC.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: wanted.PVC.Spec.Resources.Requests[core.ResourceStorage]},
		},
	}
	if m.node == "" {
		volume.Spec.HostPath = &core.HostPathVolumeSource{Path: path}
	} else {
		volume.Spec.Local = &core.LocalVolumeSource{Path: path}
		volume.Spec.NodeAffinity = onlyOn(m.node)
	}
	return volume, provisioning.ProvisioningFinished, nil
}

func (m folderMaker) Delete(_ context.Context, volume *core.PersistentVolume) error {
	if !m.made(volume) {
		return &provisioning.IgnoredError{Reason: "on another node"}
	}
	path := filepath.Join(m.folder, volume.Name)
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}

// ShouldProvision keeps the provisioners of other nodes from even trying.
func (m folderMaker) ShouldProvision(_ context.Context, claim *core.PersistentVolumeClaim) bool {
	return m.node == "" || claim.Annotations["volume.kubernetes.io/selected-node"] == m.node
}

func (m folderMaker) ShouldDelete(_ context.Context, volume *core.PersistentVolume) bool {
	return m.made(volume)
}

func (m folderMaker) made(volume *core.PersistentVolume) bool {
	path := filepath.Join(m.folder, volume.Name)
	if m.node == "" {
		return volume.Spec.HostPath != nil && volume.Spec.HostPath.Path == path
	}
	if volume.Spec.Local == nil || volume.Spec.Local.Path != path || volume.Spec.NodeAffinity == nil {
		return false
	}
	for _, term := range volume.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, rule := range term.MatchExpressions {
			if rule.Key == core.LabelHostname && len(rule.Values) == 1 && rule.Values[0] == m.node {
				return true
			}
		}
	}
	return false
}

func onlyOn(node string) *core.VolumeNodeAffinity {
	rule := core.NodeSelectorRequirement{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{node}}
	return &core.VolumeNodeAffinity{Required: &core.NodeSelector{
		NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{rule}}},
	}}
}
