/** How many series selectors find, in few questions to Prometheus. */
import { lookUntil } from '../../../host/wait.ts';
import type { LookOptions } from '../../../host/wait.ts';
import { PrometheusError } from '../../../probes/prometheus/index.ts';
import type { PrometheusClient } from '../../../probes/prometheus/index.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { sourcesOf } from '../../../reports/record/promql.ts';
import type { Recording, Selector } from '../../../reports/record/promql.ts';
import { LATELY_HOURS } from '../../../reports/record/scrapes.ts';

/** A question is sent once it is this long: VictoriaMetrics takes 16 KiB. */
const LONG_ENOUGH = 8_000;

type Signal = AbortSignal | undefined;

/** How many series each query finds. */
export async function counted(
  client: PrometheusClient,
  queries: readonly string[],
  signal: Signal,
): Promise<number[]> {
  const found = queries.map(() => 0);
  let asked: string[] = [];
  for (const [at, query] of queries.entries()) {
    asked.push(`label_replace(count(${query}), "of", "${at}", "", "")`);
    const question = asked.join(' or ');
    if (question.length < LONG_ENOUGH && at < queries.length - 1) continue;
    asked = [];
    for (const { labels, points } of await client.query(question, { signal }))
      found[Number(labels['of'])] = points[0]?.[1] ?? 0;
  }
  return found;
}

type Found = Pick<Seen<'rule-selector'>, 'selector' | 'series' | 'lately' | 'metric'>;

/**
 * What each selector finds; of those that find nothing, whether they did within a day, or at least their metric is known. As many questions at a time as
 * Prometheus itself asks whenever it evaluates these rules.
 */
export async function foundBy(
  client: PrometheusClient,
  selectors: readonly Selector[],
  { recordings, ...wait }: LookOptions & { recordings: readonly Recording[] },
): Promise<Found[]> {
  const series = new Map<string, number>();
  const isFound = ({ text }: Selector): boolean => (series.get(text) ?? 0) > 0;
  const look = async (): Promise<void> => {
    const missing = selectors.filter((one) => !isFound(one));
    const texts = missing.map(({ text }) => text);
    for (const [at, count] of (await counted(client, texts, wait.signal)).entries())
      series.set(texts[at] ?? '', count);
  };
  // What is recorded comes a moment after its sources have begun, and not before.
  const isComing = (one: Selector): boolean =>
    !isFound(one) && sourcesOf(one, recordings)?.every(isFound) === true;
  await lookUntil(look, () => !selectors.some(isComing), wait);
  const lost = await lostOf(
    client,
    selectors.filter((one) => !isFound(one)),
    wait.signal,
  );
  return selectors.map(({ text: selector }) => {
    const count = series.get(selector) ?? 0;
    return { selector, series: count, ...(lost.get(selector) ?? { lately: count, metric: 'there' }) };
  });
}

/** Of selectors that find nothing. */
async function lostOf(
  client: PrometheusClient,
  empty: readonly Selector[],
  signal: Signal,
): Promise<Map<string, Pick<Found, 'lately' | 'metric'>>> {
  const count = (of: (one: Selector) => string): Promise<number[]> => counted(client, empty.map(of), signal);
  const lately = await count(({ text }) => `last_over_time(${text}[${LATELY_HOURS}h])`);
  const alike = await count((one) => one.alike);
  const named = await count(({ metric }) => metric);
  const isDescribed = named.includes(0) ? await describedBy(client, signal) : null;
  return new Map(
    empty.map(({ text, name }, at) => {
      const metricOf = (): Found['metric'] => {
        if ((alike[at] ?? 0) > 0) return 'there';
        if ((named[at] ?? 0) > 0) return 'unlabelled';
        if (name === null || isDescribed === null) return 'untold';
        return isDescribed(name) ? 'described' : 'unknown';
      };
      return [text, { lately: lately[at] ?? 0, metric: metricOf() }];
    }),
  );
}

/** null also where the server, or what stands before it, does not answer this. */
async function describedBy(
  client: PrometheusClient,
  signal: Signal,
): Promise<((metric: string) => boolean) | null> {
  try {
    return await client.described({ signal });
  } catch (error) {
    if (error instanceof PrometheusError) return null;
    throw error;
  }
}
