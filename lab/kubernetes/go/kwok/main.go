// KWOK: keeps simulated nodes Ready and their pods Running, for trying the suite against clusters of thousands of nodes.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
	nodes "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	leases "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	pods "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

// What a simulated node and its pods go through: KWOK's own stages for a cluster in which everything goes well, and fast.
var stages = []string{nodes.DefaultNodeInit, leases.DefaultNodeHeartbeatWithLease, pods.DefaultPodReady, pods.DefaultPodComplete, pods.DefaultPodDelete}

// KWOK does four things of each kind at once, and so a few dozen a second: it waits for the API server, which has time.
const configuration = `apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  nodePlayStageParallelism: 64
  nodeLeaseParallelism: 64
  podPlayStageParallelism: 64
`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kwok:", err)
		os.Exit(1)
	}
}

func run() error {
	// KWOK takes stages from files only, and reads them before its command exists; flags that it does not know then are the command's.
	file, err := os.CreateTemp("", "kwok-*.yaml")
	if err != nil {
		return err
	}
	if _, err := file.WriteString(strings.Join(append(stages, configuration), "\n---\n")); err != nil {
		return err
	}
	os.Args = append(os.Args, "--config", file.Name())
	flags := pflag.NewFlagSet("config", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := log.InitFlags(signals.SetupSignalContext(), flags)
	ctx, err = config.InitFlags(ctx, flags)
	os.Remove(file.Name())
	if err != nil {
		return err
	}
	command := cmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}
