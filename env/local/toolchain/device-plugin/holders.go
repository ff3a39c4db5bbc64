package main

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	podresources "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// One answer of kubelet; a healthy one takes a few milliseconds.
const holdersDeadline = 2 * time.Second

// holder is the container that holds a device.
type holder struct {
	namespace string
	pod       string
	container string
}

// podResources asks kubelet who holds which device: a plugin is told of allocations, and never that one has ended.
type podResources struct {
	socket   string
	resource string

	mutex      sync.Mutex
	connection *grpc.ClientConn
}

// holders by the id of the device.
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

// connect keeps one connection: it connects anew by itself when kubelet has restarted.
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
