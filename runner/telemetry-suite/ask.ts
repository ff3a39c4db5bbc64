/** Questions that are asked once: targets and series, rules, alerts, dashboards. What does not answer is `unavailable`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { askKibana, dashboardProbe } from '../../probes/dashboards/index.ts';
import type { NewObservation } from '../../probes/history.ts';
import type { RuleGroup } from '../../probes/prometheus/index.ts';
import type { Series } from '../../reports/record/objective.ts';
import type { Result } from '../../suites/harness/protocol.ts';
import { timeoutMsOf } from '../environment-parts.ts';
import { addressOf, alertsOf, prometheusOf } from './sources.ts';
import type { SourcesOf } from './sources.ts';

/** Samples of so many scrapes back are looked at: what is older is not fresh by any goal. */
const SCRAPES_BACK = 24;
/** Between two looks at what was not evaluated or scraped yet. */
const LOOK_EVERY_MS = 500;

interface Asking {
  write: (seen: NewObservation) => void;
  signal: AbortSignal;
  /** Of the alerts that are asked for. */
  labels: Readonly<Record<string, string>>;
}

type Asked = Result<'telemetry.ask'>;
const NOTHING: Asked = { seen: 0 };

/** What does not answer is written, for the judge. */
async function answered(what: string, { write, signal }: Asking, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    write({ kind: 'unavailable', what, reason: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * What Prometheus has, once it knows how each of it is: what was loaded just now, by a start or a reload, is evaluated or scraped within
 * its interval, and until then nothing is known of it. After the time-out as it is.
 */
export async function known<T>(
  look: () => Promise<T[]>,
  { fresh, timeoutMs, signal }: { fresh: (one: T) => boolean; timeoutMs: number; signal: AbortSignal },
): Promise<T[]> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (!found.some(fresh) || performance.now() >= untilMs) return found;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

const unknown = ({ health }: { health: string }): boolean => health === 'unknown';
const unevaluated = ({ rules }: RuleGroup): boolean => rules.some(unknown);

/** Every active target, and of each required series what is there now and when it was scraped last. */
export async function askMetrics(of: SourcesOf, asking: Asking): Promise<Asked> {
  const { environment } = of;
  const { write, signal } = asking;
  const scrapeMs = (environment.prometheus?.scrapeSeconds ?? 1) * 1000;
  const timeoutMs = timeoutMsOf(environment, 'prometheusFirst');
  await answered('Prometheus', asking, async () => {
    const client = await prometheusOf(of);
    try {
      const targets = await known(() => client.targets({ signal }), { fresh: unknown, timeoutMs, signal });
      for (const { labels, health, lastError, scrapeUrl } of targets)
        write({ kind: 'target', job: labels['job'] ?? '', url: scrapeUrl, health, lastError });
      write({ kind: 'targets-read' });
      for (const selector of environment.telemetry?.required.series ?? []) {
        const now = await client.query(selector, { signal });
        const toMs = Date.now();
        const window = { fromMs: toMs - scrapeMs * SCRAPES_BACK, toMs };
        const samples = await client.samples(selector, {
          ...window,
          partMs: scrapeMs * SCRAPES_BACK,
          signal,
        });
        const ageMs = ageOf({ now, samples, window });
        write({
          ...{ kind: 'series-seen', selector, now: now.length, lately: samples.length },
          ...{ ageMs, scrapeMs },
        });
      }
    } finally {
      client.close();
    }
  });
  return NOTHING;
}

/**
 * ms since the last scrape: of the series that are there, the one that was scraped longest ago; where none is, the one that was scraped
 * last. One that is there without a sample in the window is at least as old as the window is long. null: none was there lately.
 */
export function ageOf(of: {
  now: readonly Series[];
  samples: readonly Series[];
  window: { fromMs: number; toMs: number };
}): number | null {
  const { fromMs, toMs } = of.window;
  const scraped = new Map(
    of.samples.map(({ labels, points }) => [keyOf(labels), toMs - (points.at(-1)?.[0] ?? fromMs)]),
  );
  const there = of.now.map(({ labels }) => scraped.get(keyOf(labels)) ?? toMs - fromMs);
  if (there.length > 0) return Math.max(...there);
  return scraped.size > 0 ? Math.min(...scraped.values()) : null;
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The groups of rules, and whether Prometheus knows an Alertmanager. */
export async function askRules(of: SourcesOf, asking: Asking): Promise<Asked> {
  const { write, signal } = asking;
  const timeoutMs = timeoutMsOf(of.environment, 'prometheusFirst');
  await answered('Prometheus', asking, async () => {
    const client = await prometheusOf(of);
    try {
      for (const { name, rules } of await known(() => client.rules({ signal }), {
        fresh: unevaluated,
        timeoutMs,
        signal,
      })) {
        const alerting = rules.filter(({ type }) => type === 'alerting');
        const kept = alerting.map(({ name: rule, health, state, lastError }) => ({
          rule,
          health,
          state,
          lastError,
        }));
        write({ kind: 'rule-group', name, recording: rules.length - alerting.length, alerting: kept });
      }
      write({ kind: 'rules-read' });
      write({ kind: 'alertmanagers', urls: await client.alertmanagers({ signal }) });
    } finally {
      client.close();
    }
  });
  return NOTHING;
}

/** Asked again and again by those who wait for an alert: that nobody answers is for them to tell, once. */
export async function askAlerts(of: SourcesOf, { write, signal, labels }: Asking): Promise<Asked> {
  try {
    const probe = await alertsOf(of);
    try {
      const deadlineMs = timeoutMsOf(of.environment, 'telemetryQuery');
      const found = await probe.active(labels, { deadlineMs, signal });
      const seenMs = Date.now();
      for (const alert of found)
        write({ kind: 'alert', seenMs, startsMs: alert.startsMs, state: alert.state, labels: alert.labels });
      return { seen: found.length };
    } finally {
      probe.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    return { seen: 0, silent: error instanceof Error ? error.message : String(error) };
  }
}

export async function askDashboards(of: SourcesOf, asking: Asking): Promise<Asked> {
  const declared = of.environment.telemetry?.dashboards;
  if (declared === undefined) return NOTHING;
  const { write, signal } = asking;
  const bounds = { deadlineMs: timeoutMsOf(of.environment, 'telemetryQuery'), signal };
  await answered('Grafana', asking, async () => {
    const probe = dashboardProbe(declared, await addressOf(of, declared));
    try {
      write({ kind: 'health', ...(await probe.health(bounds)) });
      for (const source of await probe.dataSources(bounds)) write({ kind: 'data-source', ...source });
      for (const { uid, title } of declared.declared) {
        const { title: found, ...seen } = await probe.dashboard(uid, bounds);
        write({ kind: 'dashboard', uid, title, titleSeen: found, ...seen });
      }
    } finally {
      probe.close();
    }
  });
  const { kibana } = declared;
  if (kibana !== undefined)
    await answered('Kibana', asking, async () => {
      write({ kind: 'health', ...(await askKibana(await addressOf(of, kibana), bounds)) });
    });
  return NOTHING;
}
