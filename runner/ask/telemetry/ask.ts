/** Questions that are asked once: targets and series, rules, alerts, dashboards. What does not answer is `unavailable`. */
import { monoMs } from '../../../host/clock.ts';
import { lookUntil } from '../../../host/wait.ts';
import { GrafanaProbe } from '../../../probes/dashboards/grafana.ts';
import { askKibana } from '../../../probes/dashboards/kibana.ts';
import type { NewObservation } from '../../../probes/history.ts';
import type { PrometheusClient, RuleGroup, Target } from '../../../probes/prometheus/index.ts';
import type { Series } from '../../../reports/record/telemetry/objective.ts';
import { readQuery, traced } from '../../../reports/record/telemetry/promql.ts';
import {
  ENOUGH_SAMPLES,
  jobOf,
  leastTargets,
  SCRAPES_BACK,
} from '../../../reports/record/telemetry/scrapes.ts';
import type { Result } from '../../../suites/harness/protocol.ts';
import { measurePrometheus } from '../clocks.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { count, foundBy } from './found.ts';
import { addressOf, alertsOf, prometheusOf } from './sources.ts';
import type { SourcesOf } from './sources.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** Between two looks at what was not evaluated or scraped yet. */
const LOOK_EVERY_MS = 500;

interface Asking {
  write: (seen: NewObservation) => void;
  signal: AbortSignal;
  /** Of the alerts that are asked for. */
  labels: Readonly<Record<string, string>>;
  /** Of panels without data. */
  queries: readonly string[];
}

type Asked = Result<'telemetry.ask'>;
const NOTHING: Asked = { seen: 0 };

/** Records what does not answer, for the judge. */
async function answered(what: string, { write, signal }: Asking, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    write({ kind: 'unavailable', what, reason: errorText(error) });
  }
}

/**
 * Waits until Prometheus knows the health of everything found: after a start or a reload, each is evaluated or scraped within its interval,
 * and its health is unknown until then. After the timeout returns what was last seen.
 */
export async function known<T>(
  look: () => Promise<T[]>,
  { fresh, timeoutMs, signal }: { fresh: (one: T) => boolean; timeoutMs: number; signal: AbortSignal },
): Promise<T[]> {
  const options = { deadlineMs: timeoutMs, intervalMs: LOOK_EVERY_MS, signal };
  return await lookUntil(look, (found) => !found.some(fresh), options);
}

const unknown = ({ health }: { health: string }): boolean => health === 'unknown';
const unevaluated = ({ rules }: RuleGroup): boolean => rules.some(unknown);

/** Every active target of the declared jobs. */
export async function askTargets(of: SourcesOf, asking: Asking): Promise<Asked> {
  const { write, signal } = asking;
  const jobs = of.environment.telemetry?.required.targets ?? [];
  const timeoutMs = timeoutMsOf(of.environment, 'prometheusFirst');
  const lacking: string[] = [];
  await withPrometheus(of, asking, async (client) => {
    const look = (): Promise<Target[]> => client.targets({ signal });
    const lack = (found: readonly Target[]): string[] =>
      jobs.filter((job) => {
        const own = found.filter(({ labels }) => labels['job'] === job);
        const urls = new Set(own.map(({ scrapeUrl }) => scrapeUrl));
        return urls.size < leastOf(of, job) || own.some(({ health }) => health !== 'up');
      });
    await known(look, { fresh: unknown, timeoutMs, signal });
    // Pods that are replaced are found again within seconds.
    const targets = await lookUntil(look, (found) => lack(found).length === 0, {
      deadlineMs: timeoutMsOf(of.environment, 'settle'),
      intervalMs: LOOK_EVERY_MS,
      signal,
    });
    lacking.push(...lack(targets));
    for (const job of jobs) {
      const own = targets.filter(({ labels }) => labels['job'] === job);
      for (const { health, lastError, scrapeUrl: url } of own)
        write({ kind: 'scrape-target', job, url, health, lastError });
      write({ kind: 'scrape-job', job });
    }
  });
  return { ...NOTHING, lacking };
}

const leastOf = ({ environment: { topology, stores, telemetry } }: SourcesOf, job: string): number =>
  leastTargets({ workloads: topology.workloads, stores, required: telemetry?.required }, job);

/** For each required selector, its current series and their last scrapes by Prometheus' clock. */
export async function askSeries(of: SourcesOf, asking: Asking): Promise<Asked> {
  const { environment } = of;
  const { write, signal } = asking;
  const scrapeMs = (environment.prometheus?.scrapeSeconds ?? 1) * 1000;
  const lacking: string[] = [];
  const untilMs = monoMs() + timeoutMsOf(environment, 'settle');
  await withPrometheus(of, asking, async (client) => {
    // Without its clock the ages are unknown: the judge says so, and the harness's clock sets the window.
    const ahead = (await measurePrometheus(client, asking))?.offsetMs ?? 0;
    for (const selector of environment.telemetry?.required.series ?? []) {
      const job = jobOf(selector);
      const least = job === null ? 0 : leastOf(of, job);
      let askedMs = 0;
      const look = (): Promise<Series[]> => {
        askedMs = Date.now();
        return client.query(selector, { signal });
      };
      // One that has no target at all is not waited for: when its last sample was would be forgotten.
      const isSettled = ({ length }: Series[]): boolean => length === 0 || length >= least;
      const wait = { deadlineMs: untilMs - monoMs(), intervalMs: LOOK_EVERY_MS, signal };
      const now = await lookUntil(look, isSettled, wait);
      if (job !== null && now.length < least) lacking.push(job);
      const toMs = Date.now() + ahead;
      const window = { fromMs: toMs - scrapeMs * SCRAPES_BACK, toMs };
      const partMs = scrapeMs * SCRAPES_BACK;
      // Only times matter, which native histograms have as well.
      const samples = await client.samples(selector, { ...window, partMs, histograms: true, signal });
      const example = now[0] === undefined ? null : echoOf(selector, now[0].labels);
      write({ kind: 'series-seen', selector, askedMs, example, ...lastOf({ now, samples, window }) });
    }
  });
  return { ...NOTHING, lacking };
}

/** The selector with the name and labels that a series has: the same text if the series is what was queried. */
export function echoOf(selector: string, labels: Readonly<Record<string, string>>): string {
  const named = selector.replace(/^[a-zA-Z_:][a-zA-Z0-9_:]*(?=\{|$)/, (name) => labels['__name__'] ?? name);
  return named.replaceAll(
    /([a-zA-Z_][a-zA-Z0-9_]*)="[^"\\]*"/g,
    (_, label: string) => `${label}="${labels[label] ?? ''}"`,
  );
}

async function withPrometheus(
  of: SourcesOf,
  asking: Asking,
  work: (client: PrometheusClient) => Promise<void>,
): Promise<void> {
  await answered('Prometheus', asking, async () => {
    const client = await prometheusOf(of);
    try {
      await work(client);
    } finally {
      client.close();
    }
  });
}

/**
 * The last scrape of each current series; without any, when the last series of the window was scraped. A current series without a sample in
 * the window counts as scraped at its start.
 */
export function lastOf(of: {
  now: readonly Series[];
  samples: readonly Series[];
  window: { fromMs: number; toMs: number };
}): { lastMs: number[]; everyMs: number[]; goneMs: number | null } {
  const { fromMs } = of.window;
  const scraped = new Map(of.samples.map(({ labels, points }) => [keyOf(labels), points]));
  const last = (points: Series['points'] = []): number => points.at(-1)?.[0] ?? fromMs;
  const own = of.now.map(({ labels }) => scraped.get(keyOf(labels)));
  const goneMs = own.length > 0 || scraped.size === 0 ? null : Math.max(...[...scraped.values()].map(last));
  return { lastMs: own.map(last), everyMs: own.map(closest), goneMs };
}

/** The least time between two samples, ms: one that is missing makes no longer interval. 0: too few samples. */
function closest(points: Series['points'] = []): number {
  if (points.length < ENOUGH_SAMPLES) return 0;
  return points.slice(1).reduce((least, [t], at) => Math.min(least, t - (points[at]?.[0] ?? t)), Infinity);
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The groups of rules of the declared objectives, what their alerts select, by which recording rules, and how many series that finds; and whether
 * Prometheus knows an Alertmanager, where it tells.
 */
export async function askRules(of: SourcesOf, asking: Asking): Promise<Asked> {
  const { write, signal } = asking;
  const { environment } = of;
  const { prefix } = environment.telemetry?.alerts?.ruleGroups ?? { prefix: '' };
  const wanted = new Set(environment.objectives.map(({ name }) => `${prefix}${name}`));
  const isOwn = ({ name }: RuleGroup): boolean => wanted.has(name);
  const fresh = (group: RuleGroup): boolean => isOwn(group) && unevaluated(group);
  const timeoutMs = timeoutMsOf(environment, 'prometheusFirst');
  const untilMs = monoMs() + timeoutMs;
  await withPrometheus(of, asking, async (client) => {
    const groups = await known(() => client.rules({ signal }), { fresh, timeoutMs, signal });
    const own = groups.filter(isOwn).map(({ name: group, rules }) => ({
      group,
      alerting: rules.filter(({ type }) => type === 'alerting').map(alertingRule),
    }));
    for (const group of own) write({ kind: 'rule-group', ...group });
    const recordings = groups
      .flatMap(({ rules }) => rules.filter(({ type }) => type === 'recording'))
      .map(({ name: record, query, labels, health, lastError = null }) => {
        return { record, query, labels, health, lastError };
      });
    const reads = own.flatMap(({ alerting }) => alerting.map(({ query }) => traced(query, recordings)));
    for (const rule of new Set(reads.flatMap(({ rules }) => rules)))
      write({ kind: 'recording-rule', ...rule });
    const selectors = new Map(reads.flatMap((one) => one.selectors.map((found) => [found.text, found])));
    const wait = { deadlineMs: untilMs - monoMs(), intervalMs: LOOK_EVERY_MS, signal };
    for (const found of await foundBy(client, [...selectors.values()], { recordings, ...wait }))
      write({ kind: 'rule-selector', ...found });
    write({ kind: 'alertmanagers', urls: await client.alertmanagers({ signal }) });
  });
  return NOTHING;
}

/** What Grafana's data source puts in itself; a time suits all places but a few. */
const MACRO = /\$(?:__\w+|\{__\w+\})/g;

/** Whether Prometheus, too, has no results for queries that gave panels no data, and knows what they select. What it does not answer is left out. */
export async function askQueries(of: SourcesOf, asking: Asking): Promise<Asked> {
  const { write, signal, queries } = asking;
  for (const query of queries)
    await withPrometheus(of, { ...asking, write: () => undefined }, async (client) => {
      const asked = query.replaceAll(MACRO, '5m');
      const read = readQuery(asked);
      if (read === null) return;
      const found = new Map<string, number>();
      await count(client, [asked], { found, signal });
      const seen = await foundBy(client, read.selectors, { recordings: [], deadlineMs: 0, signal });
      const lost = seen.filter(({ metric }) => metric !== 'there' && metric !== 'described');
      const fields = { query, results: found.get(asked) ?? 0, lost: lost.map(({ selector }) => selector) };
      write({ kind: 'empty-query', ...fields });
    });
  return NOTHING;
}

type RuleSeen = RuleGroup['rules'][number];

function alertingRule({ name: rule, query, health, lastError, alerts }: RuleSeen) {
  const firing = alerts.filter(({ state }) => state === 'firing').map(({ activeAt }) => Date.parse(activeAt));
  const firingSinceMs = firing.length === 0 ? null : Math.min(...firing);
  return { rule, query, health, lastError: lastError ?? null, firingSinceMs };
}

/** Polled by those who wait for an alert: it is for them to report, once, that nothing answers. */
export async function askAlerts(of: SourcesOf, { signal, labels }: Asking): Promise<Asked> {
  try {
    const probe = await alertsOf(of);
    try {
      const deadlineMs = timeoutMsOf(of.environment, 'telemetryQuery');
      const found = await probe.active(labels, { deadlineMs, signal });
      // Any that is active pages somebody.
      const one = found.find(({ state }) => state === 'active') ?? found[0];
      return { seen: found.length, ...(one !== undefined && { state: one.state }) };
    } finally {
      probe.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    return { seen: 0, silent: errorText(error) };
  }
}

const ALL_HIDDEN =
  'all its panels are in collapsed rows, so it shows none: save the dashboard with a row expanded';

/** @returns with the panels that each dashboard shows at the least */
export async function askDashboards(of: SourcesOf, asking: Asking): Promise<Asked> {
  const declared = of.environment.telemetry?.dashboards;
  if (declared === undefined) return NOTHING;
  const { write, signal } = asking;
  const bounds = { deadlineMs: timeoutMsOf(of.environment, 'telemetryQuery'), signal };
  const shown: Record<string, number> = {};
  await answered('Grafana', asking, async () => {
    const probe = new GrafanaProbe(await addressOf(of, declared));
    try {
      const { ok, detail } = await probe.health(bounds);
      write({ kind: 'dashboard-server', server: 'Grafana', ok, detail });
      const sources = await probe.dataSources(bounds);
      for (const { name: source, ok, detail, isUnanswered = false } of sources)
        write(
          isUnanswered
            ? { kind: 'unavailable', what: `data source ${source}`, reason: detail }
            : { kind: 'data-source', source, ok, detail },
        );
      write({ kind: 'data-sources' });
      // Each by itself: one that this account may not see says nothing of the others.
      for (const { uid } of declared.declared)
        await answered(`dashboard ${uid}`, asking, async () => {
          const { found, panels, hidden } = await probe.dashboard(uid, bounds);
          shown[uid] = panels;
          if (panels > 0 || hidden === 0) write({ kind: 'dashboard', uid, found, panels });
          else write({ kind: 'unavailable', what: `dashboard ${uid}`, reason: ALL_HIDDEN });
        });
    } finally {
      probe.close();
    }
  });
  const { kibana } = declared;
  if (kibana !== undefined)
    await answered('Kibana', asking, async () => {
      const { ok, detail } = await askKibana(await addressOf(of, kibana), bounds);
      write({ kind: 'dashboard-server', server: 'Kibana', ok, detail });
    });
  return { ...NOTHING, panels: shown };
}
