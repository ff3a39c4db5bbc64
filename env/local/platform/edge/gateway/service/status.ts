/** The gateway's own state, on the port of Kong's Admin API: /status for the kubelet, /metrics for Prometheus. */
import { createServer, type Server } from 'node:http';
import type { Counters } from './proxy.ts';

/** Counters in Prometheus' text format (0.0.4). */
function metricsText(counters: Counters, spans: { sent: number; dropped: number }): string {
  const counter = (name: string, help: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${String(value)}\n`;
  return [
    counter('gateway_requests_total', 'Requests taken.', counters.requests),
    counter('gateway_failures_total', 'Requests that no upstream answered.', counters.failures),
    counter('telemetry_spans_sent_total', 'Spans sent to the collector.', spans.sent),
    counter('telemetry_spans_dropped_total', 'Spans that could not be sent.', spans.dropped),
  ].join('');
}

/** The server of both, not listening yet. /status never depends on an upstream: the gateway answers 502 for one that is down. */
export function statusServer(counters: Counters, spans: () => { sent: number; dropped: number }): Server {
  return createServer(({ url }, response) => {
    const texts: Record<string, string> = { '/status': 'ok\n', '/metrics': metricsText(counters, spans()) };
    const text = texts[url ?? ''];
    response.writeHead(text === undefined ? 404 : 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    });
    response.end(text);
  });
}
