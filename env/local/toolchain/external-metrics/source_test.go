package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

const deep = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000000.5,"41"]}]}}`

func sourceOf(t *testing.T, status int, text string) *source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query" || r.FormValue("query") != `max(depth{queue="a b"})` {
			t.Errorf("asked %s for %q", r.URL.Path, r.FormValue("query"))
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return &source{
		settings: settings{prometheus: server.URL + "/", namespace: "tender", metric: "depth", query: `max(depth{queue="a b"})`},
		client:   server.Client(),
	}
}

func TestTheValueIsPrometheus(t *testing.T) {
	list, err := sourceOf(t, http.StatusOK, deep).GetExternalMetric(context.Background(), "tender", labels.Everything(), provider.ExternalMetricInfo{Metric: "depth"})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Value.String() != "41" || list.Items[0].Timestamp.UnixMilli() != 1700000000500 {
		t.Errorf("seen %+v", list.Items)
	}
}

func TestWithoutOneValueThereIsAnErrorAndNoZero(t *testing.T) {
	for text, wanted := range map[string]string{
		`{"status":"success","data":{"resultType":"vector","result":[]}}`:                              "returned 0 values",
		strings.Replace(deep, `[{`, `[{"value":[1,"2"]},{`, 1):                                         "returned 2 values",
		strings.Replace(deep, "41", "NaN", 1):                                                          "a value that is not a number: NaN",
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":["1",2]}]}}`: "a value that is not a number",
		`{"status":"error","error":"bad query"}`:                                                       "bad query",
		`<html>`:                                                                                       "an unexpected body",
	} {
		_, err := sourceOf(t, http.StatusOK, text).GetExternalMetric(context.Background(), "tender", labels.Everything(), provider.ExternalMetricInfo{Metric: "depth"})
		if !errors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: %v, wanted %s", text, err, wanted)
		}
	}
}

func TestAnotherMetricOrNamespaceIsNotFound(t *testing.T) {
	s := &source{settings: settings{namespace: "tender", metric: "depth"}}
	for _, one := range [][2]string{{"edge", "depth"}, {"tender", "other"}} {
		_, err := s.GetExternalMetric(context.Background(), one[0], labels.Everything(), provider.ExternalMetricInfo{Metric: one[1]})
		if !errors.IsNotFound(err) {
			t.Errorf("%v: %v", one, err)
		}
	}
	if all := s.ListAllExternalMetrics(); len(all) != 1 || all[0].Metric != "depth" {
		t.Errorf("listed %v", all)
	}
}

func TestSettingsMustAllBeGiven(t *testing.T) {
	good := settings{prometheus: "http://prometheus:9090", namespace: "tender", metric: "depth", query: "up"}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []settings{{}, {prometheus: "prometheus:9090", namespace: "a", metric: "b", query: "c"}, {prometheus: good.prometheus}} {
		if bad.check() == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}
