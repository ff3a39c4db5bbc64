package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"net/http"
	"strings"
	"time"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// Simulated utilisation of an allocated device: it oscillates around busyMean by busySwing, with this period.
const (
	busyMean      = 0.7
	busySwing     = 0.2
	periodSeconds = 60
)

type askHolders func(ctx context.Context) (map[string]holder, error)

type readiness interface{ isRegistered() bool }

func handler(s settings, devices []*pluginapi.Device, ready readiness) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.isRegistered() {
			http.Error(w, "not registered with kubelet", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "registered")
	})
	if s.metrics {
		source := &podResources{socket: s.podResources, resource: s.resource}
		mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
			text, err := exposition(r.Context(), s, devices, source.holders)
			if err != nil {
				log.Printf("querying kubelet for the holders of devices: %v", err)
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			_, _ = w.Write([]byte(text))
		})
	}
	return mux
}

// exposition is the text of /metrics, in Prometheus' format 0.0.4. Besides its own series it has one with the name, labels
// and unit (percent) of NVIDIA's dcgm-exporter. The environment file decides which of the two is read.
func exposition(ctx context.Context, s settings, devices []*pluginapi.Device, ask askHolders) (string, error) {
	held, err := ask(ctx)
	if err != nil {
		return "", err
	}
	now := time.Now()
	var own, dcgm strings.Builder
	own.WriteString("# HELP plumbline_gpu_utilization_ratio Share of the time in which a device was busy; simulated.\n")
	own.WriteString("# TYPE plumbline_gpu_utilization_ratio gauge\n")
	dcgm.WriteString("# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %); simulated.\n")
	dcgm.WriteString("# TYPE DCGM_FI_DEV_GPU_UTIL gauge\n")
	for index, device := range devices {
		by, busy := held[device.ID]
		ratio := 0.0
		if busy {
			ratio = simulated(now, index)
		}
		own.WriteString(series("plumbline_gpu_utilization_ratio", ratio,
			label{"device", device.ID}, label{"node", s.node}, label{"resource", s.resource},
			label{"pod", by.pod}, label{"pod_namespace", by.namespace}, label{"pod_container", by.container}))
		labels := []label{{"gpu", fmt.Sprint(index)}, {"UUID", device.ID}, {"Hostname", s.node}, {"modelName", "simulated"}, {"pod", by.pod}}
		if s.cdiDir != "" {
			// As dcgm-exporter names the node of a device: nvidia0.
			labels = append(labels, label{"device", deviceNodeName(index)})
		}
		dcgm.WriteString(series("DCGM_FI_DEV_GPU_UTIL", math.Round(ratio*100), labels...))
	}
	return own.String() + dcgm.String(), nil
}

// simulated is a utilisation that changes with time, so that a stale value can be distinguished from a fresh one.
func simulated(now time.Time, index int) float64 {
	turn := float64(now.UnixMilli()%(periodSeconds*1000))/(periodSeconds*1000) + float64(index)/4
	return busyMean + busySwing*math.Sin(2*math.Pi*turn)
}

type label struct{ name, value string }

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func series(name string, value float64, labels ...label) string {
	parts := make([]string, 0, len(labels))
	for _, one := range labels {
		parts = append(parts, fmt.Sprintf(`%s="%s"`, one.name, escape.Replace(one.value)))
	}
	return fmt.Sprintf("%s{%s} %g\n", name, strings.Join(parts, ","), value)
}
