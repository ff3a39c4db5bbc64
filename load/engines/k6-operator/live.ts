/** Counts of running pods, read from k6's REST API through the API server (`pods/proxy`). */
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import type { LoadSecond } from '../../../reports/record/details/load-result.ts';
import { SecondSeries } from '../points/seconds.ts';

/** The port of k6's REST API in pods of the operator. */
const PORT = 6565;
const ASK_MS = 3000;

interface Counts {
  requests: number;
  failed: number;
  good: number;
  bad: number;
  iterations: number;
  dropped: number;
  vus: number;
}
const NONE: Counts = { requests: 0, failed: 0, good: 0, bad: 0, iterations: 0, dropped: 0, vus: 0 };

type Listed = { data?: { id?: string; attributes?: { sample?: Record<string, number> } }[] };

/** Reads an answer of `/v1/metrics`; null: it is not a list of metrics. */
export function countsOf(body: string): Counts | null {
  let listed: Listed;
  try {
    listed = JSON.parse(body) as Listed;
  } catch {
    return null;
  }
  if (!Array.isArray(listed.data)) return null;
  const of = (metric: string, value: string): number =>
    listed.data?.find(({ id }) => id === metric)?.attributes?.sample?.[value] ?? 0;
  const requests = of('http_reqs', 'count');
  // k6 reports only the rate of checks. A scenario makes one check for each request.
  const good = Math.round(of('checks', 'rate') * requests);
  return {
    requests,
    failed: Math.round(of('http_req_failed', 'rate') * requests),
    good,
    bad: requests - good,
    iterations: of('iterations', 'count'),
    dropped: of('dropped_iterations', 'count'),
    vus: of('vus', 'value'),
  };
}

export class LiveCounts {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #pods = new Map<string, Counts>();
  readonly #seconds: SecondSeries;
  #told: Counts = NONE;
  /** When all queried pods last answered, ms (monotonic); null: never. */
  answeredMs: number | null = null;

  constructor(client: KubeClient, namespace: string, second?: (second: LoadSecond) => void) {
    this.#client = client;
    this.#namespace = namespace;
    this.#seconds = new SecondSeries(false, second);
  }

  /** Sum over all pods of their latest counts. */
  get total(): Counts {
    const all = [...this.#pods.values()];
    const sum = (of: keyof Counts): number => all.reduce((total, each) => total + each[of], 0);
    return {
      requests: sum('requests'),
      failed: sum('failed'),
      iterations: sum('iterations'),
      good: sum('good'),
      bad: sum('bad'),
      dropped: sum('dropped'),
      vus: sum('vus'),
    };
  }

  /** Queries the running pods. Never rejects: a pod that does not answer keeps its previous counts. */
  async ask(pods: readonly string[], atMs: number, signal: AbortSignal): Promise<void> {
    const answers = await Promise.all(pods.map((pod) => this.#one(pod, signal)));
    if (answers.every((answered) => answered)) this.answeredMs = performance.now();
    const { total } = this;
    for (const count of ['requests', 'failed', 'good', 'bad', 'iterations', 'dropped'] as const)
      this.#seconds.add(atMs, count, Math.max(0, total[count] - this.#told[count]));
    this.#seconds.add(atMs, 'started', Math.max(0, total.iterations - this.#told.iterations));
    this.#seconds.vus(atMs, total.vus);
    this.#seconds.seen(atMs);
    this.#told = total;
  }

  seconds(): LoadSecond[] {
    return this.#seconds.all();
  }

  async #one(pod: string, signal: AbortSignal): Promise<boolean> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${pod}:${PORT}/proxy/v1/metrics`;
    try {
      const { status, body } = await this.#client.raw(path, { signal, timeoutMs: ASK_MS });
      const counts = status === 200 ? countsOf(body) : null;
      if (counts !== null) this.#pods.set(pod, counts);
      return counts !== null;
    } catch {
      return false;
    }
  }
}
