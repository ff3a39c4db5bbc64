package main

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// plugin answers kubelet: it lists the devices, and says what a container that gets some of them has of them.
type plugin struct {
	pluginapi.UnimplementedDevicePluginServer
	resource string
	variable string
	// cdi: the runtime makes device nodes by the CDI spec, and the variable is not set.
	cdi        bool
	devices    []*pluginapi.Device
	sameDevice bool
}

func (p *plugin) GetDevicePluginOptions(context.Context, *pluginapi.Empty) (*pluginapi.DevicePluginOptions, error) {
	return &pluginapi.DevicePluginOptions{}, nil
}

// ListAndWatch sends the devices once, because they never change. The stream stays open while kubelet and this program run;
// when it breaks, kubelet considers the devices unavailable.
func (p *plugin) ListAndWatch(_ *pluginapi.Empty, stream grpc.ServerStreamingServer[pluginapi.ListAndWatchResponse]) error {
	if err := stream.Send(&pluginapi.ListAndWatchResponse{Devices: p.devices}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Allocate is called by kubelet once for each container, with the devices that kubelet has chosen.
func (p *plugin) Allocate(_ context.Context, request *pluginapi.AllocateRequest) (*pluginapi.AllocateResponse, error) {
	response := &pluginapi.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		for _, id := range container.DevicesIds {
			if !p.has(id) {
				return nil, status.Errorf(codes.NotFound, "there is no device %q of %s", id, p.resource)
			}
		}
		told := container.DevicesIds
		if p.sameDevice && len(p.devices) > 0 {
			told = []string{p.devices[0].ID}
		}
		response.ContainerResponses = append(response.ContainerResponses, p.given(told))
	}
	return response, nil
}

// given is what a container has of these devices.
func (p *plugin) given(ids []string) *pluginapi.ContainerAllocateResponse {
	if !p.cdi {
		return &pluginapi.ContainerAllocateResponse{Envs: map[string]string{p.variable: strings.Join(ids, ",")}}
	}
	response := &pluginapi.ContainerAllocateResponse{}
	for _, id := range ids {
		response.CdiDevices = append(response.CdiDevices, &pluginapi.CDIDevice{Name: cdiName(p.resource, id)})
	}
	return response
}

func (p *plugin) has(id string) bool {
	for _, device := range p.devices {
		if device.ID == id {
			return true
		}
	}
	return false
}
