// A device plugin of kubelet (API v1beta1) whose devices are simulated: they have names and are given to containers like
// real ones, by kubelet itself, and nothing is behind them. What each container was given is in its environment.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// The longest time that an answer of the HTTP server may take to write, and its shutdown.
const httpDeadline = 5 * time.Second

// settings are what the flags say.
type settings struct {
	resource     string
	devices      int
	variable     string
	node         string
	listen       string
	pluginDir    string
	podResources string
	sameDevice   bool
	metrics      bool
}

func parse(arguments []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("device-plugin", flag.ContinueOnError)
	flags.StringVar(&s.resource, "resource", "nvidia.com/gpu", "name of the extended resource")
	flags.IntVar(&s.devices, "devices", 2, "number of simulated devices")
	flags.StringVar(&s.variable, "variable", "PLUMBLINE_DEVICES", "variable of a container that names the devices it was given")
	flags.StringVar(&s.node, "node", "", "name of the node, for the names of the devices and the labels of the metrics")
	flags.StringVar(&s.listen, "listen", ":9400", "address of /metrics, /healthz and /readyz")
	flags.StringVar(&s.pluginDir, "plugin-dir", pluginapi.DevicePluginPath, "folder of kubelet's registration socket")
	flags.StringVar(&s.podResources, "pod-resources", "/var/lib/kubelet/pod-resources/kubelet.sock", "socket on which kubelet tells who holds which device")
	flags.BoolVar(&s.sameDevice, "same-device", false, "a fault, for controls: every container is told the first device")
	flags.BoolVar(&s.metrics, "metrics", true, "serve /metrics")
	return s, flags.Parse(arguments)
}

func run(ctx context.Context, s settings) error {
	devices := newDevices(s.node, s.devices)
	life := newLifecycle(lifecycleOptions{
		dir:    s.pluginDir,
		socket: filepath.Join(s.pluginDir, "plumbline-"+safeName(s.resource)+".sock"),
		plugin: &plugin{resource: s.resource, variable: s.variable, devices: devices, sameDevice: s.sameDevice},
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
