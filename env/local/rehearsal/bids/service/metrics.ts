/** Metrics as Spring Boot 3.5 has them at /actuator/prometheus (its reference, "Metrics", HTTP server requests), by Micrometer's names and labels. */
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** Micrometer's names of what an answer means, by the first digit of its status. */
const OUTCOMES = ['INFORMATIONAL', 'SUCCESS', 'REDIRECTION', 'CLIENT_ERROR', 'SERVER_ERROR'] as const;

export interface Asked {
  readonly method: string;
  /** The pattern of the path, not the path, which holds references. */
  readonly uri: string;
  readonly status: number;
}

export function outcomeOf(status: number): string {
  return OUTCOMES[Math.floor(status / 100) - 1] ?? 'UNKNOWN';
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram;

  /** @param common labels of every series, as `management.metrics.tags` gives them */
  constructor(common: Readonly<Record<string, string>> = {}) {
    this.#registry.setDefaultLabels(common);
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'http_server_requests_seconds',
      help: 'Time from a request to its answer.',
      labelNames: ['error', 'exception', 'method', 'outcome', 'status', 'uri'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [this.#registry],
    });
  }

  answered({ method, uri, status }: Asked, seconds: number): void {
    const outcome = outcomeOf(status);
    const labels = { error: 'none', exception: 'none', method, outcome, status: String(status), uri };
    this.#requests.observe(labels, seconds);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
