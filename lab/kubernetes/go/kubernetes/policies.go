package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/cobra"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
)

// newPoliciesCommand enforces NetworkPolicies on one node: kube-router's controller for them, without its router and its
// service proxy. The kernel judges packets by iptables and ipset, so an allowed connection costs the node's processes nothing.
func newPoliciesCommand() *cobra.Command {
	config := options.NewKubeRouterConfig()
	config.EnableIPv4 = true
	command := &cobra.Command{
		Use:   "network-policies",
		Short: "Enforces NetworkPolicies on this node",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return enforcePolicies(command.Context(), config)
		},
	}
	flags := command.Flags()
	flags.StringVar(&config.Kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&config.HostnameOverride, "node", "", "name of this node")
	flags.StringSliceVar(&config.ClusterIPCIDRs, "service-cluster-ip-range", config.ClusterIPCIDRs, "addresses of Services")
	return command
}

func enforcePolicies(ctx context.Context, config *options.KubeRouterConfig) error {
	client, err := connect(ctx, config.Kubeconfig, "network-policies")
	if err != nil {
		return err
	}
	// The controller asks once for its node, which on a new cluster has not registered yet.
	err = wait.PollUntilContextCancel(ctx, waiting, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().Nodes().Get(ctx, config.HostnameOverride, meta.GetOptions{})
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("no list of %v from the API server", kind)
		}
	}

	tables, sets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return fmt.Errorf("preparing iptables and ipset: %w", err)
	}
	var oneSetChangeAtATime sync.Mutex
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &oneSetChangeAtATime, tables, sets)
	if err != nil {
		return fmt.Errorf("starting the controller: %w", err)
	}
	if _, err := pods.AddEventHandler(controller.PodEventHandler); err != nil {
		return fmt.Errorf("following pods: %w", err)
	}
	if _, err := namespaces.AddEventHandler(controller.NamespaceEventHandler); err != nil {
		return fmt.Errorf("following namespaces: %w", err)
	}
	if _, err := policies.AddEventHandler(controller.NetworkPolicyEventHandler); err != nil {
		return fmt.Errorf("following policies: %w", err)
	}

	// The controller says that it is alive, and waits until somebody has heard it.
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(heartbeats, ctx.Done(), &running)
	running.Wait()
	return nil
}
