package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	oci "github.com/opencontainers/runtime-spec/specs-go"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
	runtime "tags.cncf.io/container-device-interface/pkg/cdi"
)

const accelerator = "vendor.example/accelerator"

// injected is what containerd makes of a container with these devices: it uses the same package.
func injected(t *testing.T, dir string, names ...string) ([]oci.LinuxDevice, error) {
	t.Helper()
	cache, err := runtime.NewCache(runtime.WithSpecDirs(dir), runtime.WithAutoRefresh(false))
	if err != nil {
		t.Fatal(err)
	}
	if found := cache.GetErrors(); len(found) > 0 {
		t.Fatalf("the runtime does not take what is in %s: %v", dir, found)
	}
	container := &oci.Spec{Linux: &oci.Linux{}}
	_, err = cache.InjectDevices(container, names...)
	return container.Linux.Devices, err
}

func TestTheRuntimeFindsEachDeviceByTheNameThatAllocateGives(t *testing.T) {
	dir := t.TempDir()
	devices := newDevices("worker-2", 2)
	if _, err := writeSpec(dir, accelerator, devices); err != nil {
		t.Fatal(err)
	}
	p := &plugin{resource: accelerator, variable: "PLUMBLINE_DEVICES", cdi: true, devices: devices}
	response, err := p.Allocate(context.Background(), &pluginapi.AllocateRequest{
		ContainerRequests: []*pluginapi.ContainerAllocateRequest{{DevicesIds: []string{"SIM-worker-2-1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	given := response.ContainerResponses[0]
	if len(given.Envs) > 0 || len(given.CdiDevices) != 1 {
		t.Fatalf("seen %v", given)
	}
	seen, err := injected(t, dir, given.CdiDevices[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	// Major and minor are those of /dev/null.
	if len(seen) != 1 || seen[0].Path != "/dev/accel/accel1" || seen[0].Type != "c" || seen[0].Major != 1 || seen[0].Minor != 3 {
		t.Errorf("seen %+v", seen)
	}
}

func TestTheFaultGivesEveryContainerTheFirstDeviceByCDIToo(t *testing.T) {
	p := &plugin{resource: accelerator, cdi: true, devices: newDevices("worker-2", 2), sameDevice: true}
	response, err := p.Allocate(context.Background(), &pluginapi.AllocateRequest{
		ContainerRequests: []*pluginapi.ContainerAllocateRequest{{DevicesIds: []string{"SIM-worker-2-1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen := response.ContainerResponses[0].CdiDevices[0].Name; seen != accelerator+"=SIM-worker-2-0" {
		t.Errorf("seen %s", seen)
	}
}

func TestASpecOfAnEarlierRunIsReplaced(t *testing.T) {
	dir := t.TempDir()
	for _, count := range []int{4, 1} {
		if _, err := writeSpec(dir, accelerator, newDevices("worker-2", count)); err != nil {
			t.Fatal(err)
		}
	}
	if seen, err := injected(t, dir, accelerator+"=SIM-worker-2-0"); err != nil || len(seen) != 1 {
		t.Errorf("seen %v, %v", seen, err)
	}
	if seen, err := injected(t, dir, accelerator+"=SIM-worker-2-3"); err == nil {
		t.Errorf("a device that is no longer offered: %v", seen)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

func TestTheSpecIsThereWhileDevicesAreOffered(t *testing.T) {
	kubelet := t.TempDir()
	specs := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	double := startKubelet(t, kubelet)
	t.Cleanup(double.server.Stop)
	go func() {
		ended <- run(ctx, settings{
			resource: accelerator, node: "worker-2", devices: 2, listen: "127.0.0.1:0", pluginDir: kubelet, cdiDir: specs,
		})
	}()
	double.expect(t, "a plugin with CDI", 2)
	file := filepath.Join(specs, "vendor-example-accelerator.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var spec struct{ CdiVersion, Kind string }
	if err := json.Unmarshal(text, &spec); err != nil || spec.CdiVersion != "0.6.0" || spec.Kind != accelerator {
		t.Errorf("seen %s, %v", text, err)
	}
	cancel()
	expectEnd(t, ended)
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the spec of a plugin that ended: %v", err)
	}
}

func TestDevicesAreNotOfferedWhereTheSpecCannotBeWritten(t *testing.T) {
	err := run(context.Background(), settings{cdiDir: filepath.Join(t.TempDir(), "missing"), devices: 2})
	if err == nil || !strings.Contains(err.Error(), "writing the CDI spec") {
		t.Errorf("seen %v", err)
	}
}
