/** The shipper's counters in Prometheus' text format (0.0.4). */
import type { Counts } from './shipper.ts';

export function metricsText({ stored, refused, failures, lastStoredMs }: Counts): string {
  const metric = (type: string, name: string, help: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${String(value)}\n`;
  return [
    metric('counter', 'log_shipper_stored_total', 'Lines that the store has acknowledged.', stored),
    metric('counter', 'log_shipper_refused_total', 'Lines that the store refused.', refused),
    metric('counter', 'log_shipper_failures_total', 'Rounds in which the store did not answer.', failures),
    metric(
      'gauge',
      'log_shipper_last_stored_timestamp_seconds',
      'Time at which the store last acknowledged lines; 0 before that.',
      lastStoredMs / 1000,
    ),
  ].join('');
}
