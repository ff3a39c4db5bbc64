// A kubelet device plugin (API v1beta1) with simulated devices: kubelet allocates them to containers like real ones, but
// there is no hardware. What names the devices of a container is an environment variable, or device nodes in it by the Container Device
// Interface (cdi.go).
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// Write timeout of the HTTP server, and deadline of its shutdown.
const httpDeadline = 5 * time.Second

// settings are the values of the flags.
type settings struct {
	resource     string
	devices      int
	variable     string
	node         string
	listen       string
	pluginDir    string
	podResources string
	cdiDir       string
	sameDevice   bool
	metrics      bool
}

func parse(arguments []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("device-plugin", flag.ContinueOnError)
	flags.StringVar(&s.resource, "resource", "nvidia.com/gpu", "name of the extended resource")
	flags.IntVar(&s.devices, "devices", 2, "number of simulated devices")
	flags.StringVar(&s.variable, "variable", "PLUMBLINE_DEVICES", "environment variable in which a container finds the names of its devices")
	flags.StringVar(&s.node, "node", "", "name of the node, for the names of the devices and the labels of the metrics")
	flags.StringVar(&s.listen, "listen", ":9400", "address of /metrics, /healthz and /readyz")
	flags.StringVar(&s.pluginDir, "plugin-dir", pluginapi.DevicePluginPath, "folder of kubelet's registration socket")
	flags.StringVar(&s.podResources, "pod-resources", "/var/lib/kubelet/pod-resources/kubelet.sock", "kubelet's socket for the holders of devices")
	flags.StringVar(&s.cdiDir, "cdi-dir", "", "folder in which the container runtime looks for CDI specs, such as /var/run/cdi: containers get device nodes instead of the variable; empty: they get the variable")
	flags.BoolVar(&s.sameDevice, "same-device", false, "a fault, for negative controls: every container gets the first device")
	flags.BoolVar(&s.metrics, "metrics", true, "serve /metrics")
	return s, flags.Parse(arguments)
}

func run(ctx context.Context, s settings) error {
	devices := newDevices(s.node, s.devices)
	if s.cdiDir != "" {
		// Before kubelet knows of the devices: the runtime must be able to give what kubelet allocates.
		spec, err := writeSpec(s.cdiDir, s.resource, devices)
		if err != nil {
			return fmt.Errorf("writing the CDI spec: %w", err)
		}
		defer removeSpec(spec)
	}
	life := newLifecycle(lifecycleOptions{
		dir:    s.pluginDir,
		socket: filepath.Join(s.pluginDir, "plumbline-"+safeName(s.resource)+".sock"),
		plugin: &plugin{resource: s.resource, variable: s.variable, cdi: s.cdiDir != "", devices: devices, sameDevice: s.sameDevice},
	})
	server := &http.Server{
		Addr:              s.listen,
		Handler:           handler(s, devices, life),
		ReadHeaderTimeout: httpDeadline,
		WriteTimeout:      httpDeadline,
	}
	failed := make(chan error, 2)
	go func() { failed <- server.ListenAndServe() }()
	go func() { failed <- life.run(ctx) }()
	select {
	case <-ctx.Done():
	case err := <-failed:
		if ctx.Err() == nil {
			return err
		}
	}
	last, cancel := context.WithTimeout(context.Background(), httpDeadline)
	defer cancel()
	life.stop()
	return server.Shutdown(last)
}

func main() {
	s, err := parse(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		log.Fatal(err)
	}
}
