package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
	cdi "tags.cncf.io/container-device-interface/specs-go"
)

// Container Device Interface (CDI): a file tells the container runtime what of the node a container with a device gets. Every
// runtime with CDI reads this version of the format; `hostPath`, which is used here, came with 0.5.0.
const cdiVersion = "0.6.0"

// What the node of every device leads to: writes vanish and reads end, so that nothing of the machine is touched.
const behindDevices = "/dev/null"

// deviceNode is the path of a device in its container, as Linux names the nodes of accelerators.
func deviceNode(index int) string { return "/dev/accel/" + deviceNodeName(index) }

func deviceNodeName(index int) string { return fmt.Sprintf("accel%d", index) }

// cdiName is the name by which the runtime finds a device. The name of a resource has the form of a CDI kind, vendor/class.
func cdiName(resource, id string) string { return resource + "=" + id }

// writeSpec writes the file of these devices into a folder that the runtime watches, in place of one that an earlier run left.
func writeSpec(dir, resource string, devices []*pluginapi.Device) (string, error) {
	spec := cdi.Spec{Version: cdiVersion, Kind: resource}
	for index, device := range devices {
		node := &cdi.DeviceNode{Path: deviceNode(index), HostPath: behindDevices, Type: "c", Permissions: "rw"}
		edits := cdi.ContainerEdits{DeviceNodes: []*cdi.DeviceNode{node}}
		spec.Devices = append(spec.Devices, cdi.Device{Name: device.ID, ContainerEdits: edits})
	}
	text, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, safeName(resource)+".json")
	// Renamed, so that the runtime never reads half of it: it ignores files with other extensions.
	whole := path + ".new"
	if err := os.WriteFile(whole, text, 0o644); err != nil {
		return "", err
	}
	return path, os.Rename(whole, path)
}

// removeSpec removes the file again, so that no container is given a device that nobody offers any more.
func removeSpec(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		log.Printf("removing the CDI spec: %v", err)
	}
}
