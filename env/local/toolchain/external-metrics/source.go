package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// Size limit of an answer: one with a single value is much shorter.
const mostBytes = 64 * 1024

// source provides the one metric.
type source struct {
	settings
	client *http.Client
}

var _ provider.ExternalMetricsProvider = (*source)(nil)

// GetExternalMetric queries Prometheus. Without a value it returns an error, never zero: the autoscaler would take zero for an
// empty queue and scale down.
func (s *source) GetExternalMetric(ctx context.Context, namespace string, _ labels.Selector, info provider.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	if namespace != s.namespace || info.Metric != s.metric {
		return nil, provider.NewMetricNotFoundError(schema.GroupResource{Group: external_metrics.GroupName, Resource: namespace}, info.Metric)
	}
	value, at, err := s.ask(ctx)
	if err != nil {
		return nil, apierrors.NewServiceUnavailable(fmt.Sprintf("%s: %v", s.metric, err))
	}
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{
		MetricName: s.metric,
		Timestamp:  metav1.NewTime(at),
		Value:      *resource.NewMilliQuantity(int64(math.Round(value*1000)), resource.DecimalSI),
	}}}, nil
}

func (s *source) ListAllExternalMetrics() []provider.ExternalMetricInfo {
	return []provider.ExternalMetricInfo{{Metric: s.metric}}
}

// answer holds the needed fields of Prometheus' answer (HTTP API, /api/v1/query).
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Value [2]any `json:"value"`
		} `json:"result"`
	} `json:"data"`
}

func (s *source) ask(ctx context.Context) (float64, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	form := url.Values{"query": {s.query}}.Encode()
	address := strings.TrimRight(s.prometheus, "/") + "/api/v1/query"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		return 0, time.Time{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := s.client.Do(request)
	if err != nil {
		return 0, time.Time{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostBytes))
	if err != nil {
		return 0, time.Time{}, err
	}
	return valueIn(response.StatusCode, text)
}

// valueIn returns the single value of an answer, and its time.
func valueIn(status int, text []byte) (float64, time.Time, error) {
	none := func(format string, of ...any) (float64, time.Time, error) {
		return 0, time.Time{}, fmt.Errorf(format, of...)
	}
	var seen answer
	if err := json.Unmarshal(text, &seen); err != nil {
		return none("Prometheus answered %d with an unexpected body: %v", status, err)
	}
	if status != http.StatusOK || seen.Status != "success" {
		return none("Prometheus answered %d: %s", status, seen.Error)
	}
	if seen.Data.ResultType != "vector" || len(seen.Data.Result) != 1 {
		return none("Prometheus returned %d values (%s), expected one", len(seen.Data.Result), seen.Data.ResultType)
	}
	pair := seen.Data.Result[0].Value
	seconds, isNumber := pair[0].(float64)
	digits, isText := pair[1].(string)
	if !isNumber || !isText {
		return none("Prometheus returned a value that is not a number: %v", pair)
	}
	value, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return none("Prometheus returned a value that is not a number: %s", digits)
	}
	return value, time.UnixMilli(int64(seconds * 1000)), nil
}
