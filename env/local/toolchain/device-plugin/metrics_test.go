package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type always bool

func (a always) isRegistered() bool { return bool(a) }

func TestMetricsSayWhoHoldsADevice(t *testing.T) {
	ask := func(context.Context) (map[string]holder, error) {
		return map[string]holder{"SIM-gpu-1-1": {namespace: "tender", pod: `odd"name`, container: "main"}}, nil
	}
	s := settings{node: "gpu-1", resource: "nvidia.com/gpu"}
	text, err := exposition(context.Background(), s, newDevices("gpu-1", 2), ask)
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{
		`plumbline_gpu_utilization_ratio{device="SIM-gpu-1-0",node="gpu-1",resource="nvidia.com/gpu",pod="",pod_namespace="",pod_container=""} 0` + "\n",
		`plumbline_gpu_utilization_ratio{device="SIM-gpu-1-1",node="gpu-1",resource="nvidia.com/gpu",pod="odd\"name",pod_namespace="tender",pod_container="main"} 0.`,
		`DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="SIM-gpu-1-1",Hostname="gpu-1",modelName="simulated",pod="odd\"name"} `,
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("%q is missing in:\n%s", wanted, text)
		}
	}
}

func TestMetricsNameTheDeviceNodesOfContainersThatHaveSuch(t *testing.T) {
	ask := func(context.Context) (map[string]holder, error) { return map[string]holder{}, nil }
	for dir, wanted := range map[string]string{
		"/var/run/cdi": `DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="SIM-worker-2-1",Hostname="worker-2",modelName="simulated",pod="",device="accel1"} 0`,
		"":             `DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="SIM-worker-2-1",Hostname="worker-2",modelName="simulated",pod=""} 0`,
	} {
		text, err := exposition(context.Background(), settings{node: "worker-2", cdiDir: dir}, newDevices("worker-2", 2), ask)
		if err != nil || !strings.Contains(text, wanted+"\n") {
			t.Errorf("%q is missing in:\n%s (%v)", wanted, text, err)
		}
	}
}

func TestMetricsAreNotInventedWhereKubeletDoesNotAnswer(t *testing.T) {
	ask := func(context.Context) (map[string]holder, error) { return nil, errors.New("no answer") }
	if text, err := exposition(context.Background(), settings{}, newDevices("gpu-1", 2), ask); err == nil {
		t.Errorf("seen %q", text)
	}
}

func TestPathsOfTheServer(t *testing.T) {
	status := func(s settings, ready always, path string) int {
		recorder := httptest.NewRecorder()
		handler(s, nil, ready).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		return recorder.Code
	}
	for _, one := range []struct {
		s      settings
		ready  always
		path   string
		wanted int
	}{
		{settings{}, true, "/readyz", 200},
		{settings{}, false, "/readyz", 503},
		{settings{}, false, "/healthz", 200},
		{settings{}, true, "/metrics", 404},
		{settings{metrics: true, podResources: "/nowhere/kubelet.sock"}, true, "/metrics", 503},
	} {
		if seen := status(one.s, one.ready, one.path); seen != one.wanted {
			t.Errorf("%s of %+v, registered %v: %d, expected %d", one.path, one.s, one.ready, seen, one.wanted)
		}
	}
}
