package main

import (
	"fmt"
	"regexp"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// newDevices names the devices of a node: SIM-gpu-1-0, SIM-gpu-1-1 … The API allows 63 characters.
func newDevices(node string, count int) []*pluginapi.Device {
	const longest = 50
	if len(node) > longest {
		node = node[:longest]
	}
	devices := make([]*pluginapi.Device, 0, count)
	for index := range count {
		devices = append(devices, &pluginapi.Device{ID: fmt.Sprintf("SIM-%s-%d", node, index), Health: pluginapi.Healthy})
	}
	return devices
}

var unsafeCharacters = regexp.MustCompile(`[^A-Za-z0-9-]+`)

// safeName makes the name of a resource usable in a file name.
func safeName(resource string) string {
	return unsafeCharacters.ReplaceAllString(resource, "-")
}
