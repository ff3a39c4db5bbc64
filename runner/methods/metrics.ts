import { windowBounds } from '../../env/objectives/index.ts';
import type { Environment, PrometheusSettings } from '../../env/schema.ts';
import { openHistory } from '../../probes/history.ts';
import { PrometheusClient, thinned } from '../../probes/prometheus/index.ts';
import type { RangeQuestion } from '../../probes/prometheus/index.ts';
import type { Objective, Series } from '../../reports/record/objective.ts';
import { trusted } from '../../suites/topology/edge-request.ts';
import { timeoutMsOf } from '../environment-parts.ts';
import type { Call, Handlers } from '../session.ts';
import type { StoreTargets } from '../store-target.ts';

const DAY_MS = 86_400_000;
/** A month of scrapes every 15 s is 170,000 samples a series: of windows longer than a day one a minute is kept, and every edge. */
const THINNED_MS = 60_000;

/** As much of the engine as this needs. */
export interface MetricsEngine {
  stores: Pick<StoreTargets, 'secret'>;
  book: {
    environment: Pick<Environment, 'prometheus' | 'objectives' | 'timeouts'>;
    startedMs: number;
    trialFolder(check: string, trial: number): string;
  };
}

export function metricsMethods(engine: MetricsEngine): Pick<Handlers, 'metrics.record'> {
  const { book } = engine;
  return {
    'metrics.record': async ({ check, trial }, { signal }) => {
      const { prometheus, objectives } = book.environment;
      if (prometheus === undefined) return { unavailable: 'the environment declares no prometheus' };
      const writer = openHistory(book.trialFolder(check, trial), 'metrics.ndjson');
      try {
        const client = await clientOf(engine, prometheus);
        if (typeof client === 'string') return { unavailable: client };
        const scrapeMs = prometheus.scrapeSeconds * 1000;
        const nowMs = Date.now();
        for (const objective of objectives)
          for (const query of queriesOf(objective)) {
            const span = windowBounds(objective.window, nowMs, book.startedMs);
            const stepMs = span.toMs - span.fromMs > DAY_MS ? Math.max(THINNED_MS, scrapeMs) : scrapeMs;
            const asked = { ...span, stepMs, signal };
            const values = await answerOf(client, { objective, query, scrapeMs }, asked);
            const { name } = objective;
            writer.observe({ kind: 'series', objective: name, query, step: stepMs / 1000, ...span, values });
          }
        return {};
      } catch (error) {
        signal.throwIfAborted();
        return { unavailable: error instanceof Error ? error.message : String(error) };
      } finally {
        await writer.close();
      }
    },
  };
}

/** A client with the environment's account, or why there is none. */
async function clientOf(
  { stores, book: { environment } }: MetricsEngine,
  { url, address, trust = 'system', user, password, token }: PrometheusSettings,
): Promise<PrometheusClient | string> {
  const authorities = await trusted(trust);
  if ('unavailable' in authorities) return authorities.unavailable;
  // Read by what knows every secret, so that each is taken out of what is written.
  return new PrometheusClient({
    ...{ url, address, ca: authorities.pem },
    deadlineMs: timeoutMsOf(environment, 'prometheusQuery'),
    ...(user !== undefined && {
      account: { user, password: password === undefined ? '' : await stores.secret(password) },
    }),
    ...(token !== undefined && { token: await stores.secret(token) }),
  });
}

function queriesOf({ indicator }: Objective): string[] {
  if (indicator.kind === 'threshold') return [indicator.query];
  return [indicator.total, ...[indicator.good, indicator.bad].filter((query) => query !== null)];
}

interface Asked {
  objective: Objective;
  query: string;
  scrapeMs: number;
}

/** Counters as they were scraped, so that gaps and restarts show; anything else as a range of its own. */
async function answerOf(
  client: PrometheusClient,
  { objective: { indicator }, query, scrapeMs }: Asked,
  question: RangeQuestion & Pick<Call, 'signal'>,
): Promise<Series[]> {
  if (indicator.kind === 'threshold' || !indicator.counter) return client.queryRange(query, question);
  const found = await client.samples(query, question);
  return found.map((series) => thinned(series, question.stepMs, scrapeMs));
}
