// A source of external metrics (external.metrics.k8s.io/v1beta1) for autoscalers. It has one metric in one namespace; every
// request for it runs one query in Prometheus and returns the result.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
)

// Shorter than the timeout of the autoscaler, and longer than Prometheus needs for one series.
const queryDeadline = 5 * time.Second

// settings are the values of this program's own flags, without those of every API server.
type settings struct {
	prometheus string
	namespace  string
	metric     string
	query      string
}

func (s *settings) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.prometheus, "prometheus", "", "address of Prometheus, such as http://prometheus:9090")
	flags.StringVar(&s.namespace, "namespace", "", "namespace of the metric")
	flags.StringVar(&s.metric, "metric", "", "name of the metric")
	flags.StringVar(&s.query, "query", "", "PromQL query with one value as its result")
}

func (s *settings) check() error {
	address, err := url.Parse(s.prometheus)
	if err != nil || address.Scheme == "" || address.Host == "" {
		return fmt.Errorf("--prometheus must be an address such as http://prometheus:9090, not %q", s.prometheus)
	}
	if s.namespace == "" || s.metric == "" || s.query == "" {
		return errors.New("--namespace, --metric and --query must all be given")
	}
	return nil
}

func run(ctx context.Context, arguments []string) error {
	var s settings
	server := &cmd.AdapterBase{Name: "external-metrics", FlagSet: pflag.NewFlagSet("external-metrics", pflag.ContinueOnError)}
	flags := server.Flags()
	s.addFlags(flags)
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	server.WithExternalMetrics(&source{settings: s, client: &http.Client{Timeout: queryDeadline}})
	return server.Run(ctx)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}
