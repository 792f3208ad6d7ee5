package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// How long to wait between two looks for something that is about to be there.
const waiting = 500 * time.Millisecond

// connect returns a client once the API server answers. All machines of the lab start at once, and giving up and starting
// again, or backing off, would take longer than waiting.
func connect(ctx context.Context, kubeconfig, agent string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.UserAgent = agent
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	err = wait.PollUntilContextCancel(ctx, waiting, true, func(context.Context) (bool, error) {
		_, err := client.Discovery().ServerVersion()
		return err == nil, nil
	})
	return client, err
}
