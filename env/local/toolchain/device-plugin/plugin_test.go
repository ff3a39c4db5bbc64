package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const patience = 10 * time.Second

func testPlugin(same bool) *plugin {
	return &plugin{
		resource:   "nvidia.com/gpu",
		variable:   "PLUMBLINE_DEVICES",
		devices:    newDevices("gpu-1", 2),
		sameDevice: same,
	}
}

func allocate(t *testing.T, p *plugin, ids ...string) string {
	t.Helper()
	response, err := p.Allocate(context.Background(), &pluginapi.AllocateRequest{
		ContainerRequests: []*pluginapi.ContainerAllocateRequest{{DevicesIds: ids}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return response.ContainerResponses[0].Envs["PLUMBLINE_DEVICES"]
}

func TestAllocateNamesTheDevicesInTheEnvironment(t *testing.T) {
	p := testPlugin(false)
	if seen := allocate(t, p, "SIM-gpu-1-1"); seen != "SIM-gpu-1-1" {
		t.Errorf("one device: %q", seen)
	}
	if seen := allocate(t, p, "SIM-gpu-1-0", "SIM-gpu-1-1"); seen != "SIM-gpu-1-0,SIM-gpu-1-1" {
		t.Errorf("two devices: %q", seen)
	}
}

func TestAllocateRefusesADeviceThatThereIsNot(t *testing.T) {
	_, err := testPlugin(false).Allocate(context.Background(), &pluginapi.AllocateRequest{
		ContainerRequests: []*pluginapi.ContainerAllocateRequest{{DevicesIds: []string{"SIM-gpu-1-7"}}},
	})
	if err == nil || !strings.Contains(err.Error(), `no device "SIM-gpu-1-7"`) {
		t.Errorf("seen %v", err)
	}
}

func TestTheFaultTellsEveryContainerTheFirstDevice(t *testing.T) {
	if seen := allocate(t, testPlugin(true), "SIM-gpu-1-1"); seen != "SIM-gpu-1-0" {
		t.Errorf("seen %q", seen)
	}
}

func TestNamesOfDevicesAreShortEnoughForTheAPI(t *testing.T) {
	for _, device := range newDevices(strings.Repeat("n", 253), 16) {
		if len(device.ID) > 63 {
			t.Errorf("%d characters: %s", len(device.ID), device.ID)
		}
	}
}

// kubeletDouble stands in for kubelet: it accepts registrations and records the devices.
type kubeletDouble struct {
	pluginapi.UnimplementedRegistrationServer
	dir     string
	devices chan int
	server  *grpc.Server
}

func startKubelet(t *testing.T, dir string) *kubeletDouble {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(dir, filepath.Base(pluginapi.KubeletSocket)))
	if err != nil {
		t.Fatal(err)
	}
	kubelet := &kubeletDouble{dir: dir, devices: make(chan int, 16), server: grpc.NewServer()}
	pluginapi.RegisterRegistrationServer(kubelet.server, kubelet)
	go func() { _ = kubelet.server.Serve(listener) }()
	return kubelet
}

func (k *kubeletDouble) Register(_ context.Context, request *pluginapi.RegisterRequest) (*pluginapi.Empty, error) {
	connection, err := dialUnix(filepath.Join(k.dir, request.Endpoint))
	if err != nil {
		return nil, err
	}
	go func() {
		defer func() { _ = connection.Close() }()
		stream, err := pluginapi.NewDevicePluginClient(connection).ListAndWatch(context.Background(), &pluginapi.Empty{})
		for err == nil {
			var list *pluginapi.ListAndWatchResponse
			if list, err = stream.Recv(); err == nil {
				k.devices <- len(list.Devices)
			}
		}
		k.devices <- 0
	}()
	return &pluginapi.Empty{}, nil
}

func (k *kubeletDouble) expect(t *testing.T, what string, wanted int) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case seen := <-k.devices:
			if seen == wanted {
				return
			}
		case <-deadline:
			t.Fatalf("%s: waited %s for %d devices", what, patience, wanted)
		}
	}
}

func TestRegistersAgainWithAKubeletThatHasRestarted(t *testing.T) {
	dir := t.TempDir()
	life := newLifecycle(lifecycleOptions{dir: dir, socket: filepath.Join(dir, "plumbline.sock"), plugin: testPlugin(false)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- life.run(ctx) }()

	first := startKubelet(t, dir)
	first.expect(t, "a kubelet that starts after the plugin", 2)

	// Like a starting kubelet: remove every socket in the folder, then create kubelet's own.
	first.server.Stop()
	if err := os.Remove(filepath.Join(dir, "plumbline.sock")); err != nil {
		t.Fatal(err)
	}
	first.expect(t, "the plugin's stream ends with its socket", 0)
	second := startKubelet(t, dir)
	second.expect(t, "the kubelet that came back", 2)
	// kubelet has the devices a moment before the plugin gets the answer to its registration.
	for deadline := time.Now().Add(patience); !life.isRegistered(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the plugin does not report that it is registered")
		}
	}

	cancel()
	expectEnd(t, ended)
	second.expect(t, "the plugin that ended", 0)
	second.server.Stop()
	if life.isRegistered() {
		t.Error("the plugin reports that it is registered although it has ended")
	}
}

// expectEnd waits until the plugin has ended, without an error.
func expectEnd(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the plugin did not end")
	}
}
