package main

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	podresources "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// Deadline of one request to kubelet; a healthy kubelet answers within a few milliseconds.
const holdersDeadline = 2 * time.Second

// holder is the container that holds a device.
type holder struct {
	namespace string
	pod       string
	container string
}

// podResources queries kubelet for the holder of each device. A plugin is notified of allocations, but not of their end.
type podResources struct {
	socket   string
	resource string

	mutex      sync.Mutex
	connection *grpc.ClientConn
}

// holders returns the holders by device id.
func (p *podResources) holders(ctx context.Context) (map[string]holder, error) {
	connection, err := p.connect()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, holdersDeadline)
	defer cancel()
	listed, err := podresources.NewPodResourcesListerClient(connection).List(ctx, &podresources.ListPodResourcesRequest{})
	if err != nil {
		return nil, err
	}
	found := map[string]holder{}
	for _, pod := range listed.PodResources {
		for _, container := range pod.Containers {
			for _, devices := range container.Devices {
				if devices.ResourceName != p.resource {
					continue
				}
				for _, id := range devices.DeviceIds {
					found[id] = holder{namespace: pod.Namespace, pod: pod.Name, container: container.Name}
				}
			}
		}
	}
	return found, nil
}

// connect returns the one shared connection, which reconnects by itself after a restart of kubelet.
func (p *podResources) connect() (*grpc.ClientConn, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.connection == nil {
		connection, err := dialUnix(p.socket)
		if err != nil {
			return nil, err
		}
		p.connection = connection
	}
	return p.connection, nil
}
