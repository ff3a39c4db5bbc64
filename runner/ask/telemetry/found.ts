/** How many series selectors find, in few questions to Prometheus. */
import { lookUntil } from '../../../host/wait.ts';
import type { LookOptions } from '../../../host/wait.ts';
import type { PrometheusClient } from '../../../probes/prometheus/index.ts';
import { SignalError } from '../../../probes/signals/index.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { sourcesOf } from '../../../reports/record/telemetry/promql.ts';
import type { Recording, Selector } from '../../../reports/record/telemetry/promql.ts';
import { LATELY_HOURS } from '../../../reports/record/telemetry/scrapes.ts';

/** A question is sent once it is this long: VictoriaMetrics takes 16 KiB. */
const LONG_ENOUGH = 8_000;

/** Adds to `found` how many series each query finds. */
export async function count(
  client: PrometheusClient,
  queries: readonly string[],
  { found, signal }: { found: Map<string, number>; signal?: AbortSignal | undefined },
): Promise<void> {
  let asked: string[] = [];
  for (const [at, query] of queries.entries()) {
    asked.push(`label_replace(count(${query}\n), "of", "${at}", "", "")`);
    const question = asked.join(' or ');
    if (question.length < LONG_ENOUGH && at < queries.length - 1) continue;
    asked = [];
    for (const { labels, points } of await client.query(question, { signal }))
      found.set(queries[Number(labels['of'])] ?? '', points[0]?.[1] ?? 0);
  }
}

const lately = ({ text }: Selector): string => `last_over_time(${text}[${LATELY_HOURS}h])`;

/**
 * What each selector finds; of those that find nothing, whether they did within a day, or at least their metric is known. However many these are: Prometheus
 * itself asks as much whenever it evaluates the rules that have them.
 */
export async function foundBy(
  client: PrometheusClient,
  selectors: readonly Selector[],
  { recordings, ...wait }: LookOptions & { recordings: readonly Recording[] },
): Promise<Array<Pick<Seen<'rule-selector'>, 'selector' | 'series' | 'lately' | 'metric'>>> {
  const { signal } = wait;
  const found = new Map<string, number>();
  const of = (query: string): number => found.get(query) ?? 0;
  const missing = (): Selector[] => selectors.filter(({ text }) => of(text) === 0);
  const texts = (): string[] => missing().map(({ text }) => text);
  // What is recorded comes a moment after its sources have begun, and not before.
  const isComing = (one: Selector): boolean =>
    sourcesOf(one, recordings)?.every(({ text }) => of(text) > 0) === true;
  await lookUntil(
    () => count(client, texts(), { found, signal }),
    () => !missing().some(isComing),
    wait,
  );
  const empty = missing();
  const others = empty.flatMap((one) => [lately(one), one.alike, one.metric]);
  await count(client, others, { found, signal });
  const isStrange = empty.some(({ metric }) => of(metric) === 0);
  const isDescribed = isStrange ? await describedBy(client, signal) : null;
  const metricOf = ({ text, name, alike, metric }: Selector): Seen<'rule-selector'>['metric'] => {
    if (of(text) > 0 || of(alike) > 0) return 'there';
    if (of(metric) > 0) return 'unlabelled';
    if (name === null || isDescribed === null) return 'untold';
    return isDescribed(name) ? 'described' : 'unknown';
  };
  return selectors.map((one) => {
    const series = of(one.text);
    return { selector: one.text, series, lately: series || of(lately(one)), metric: metricOf(one) };
  });
}

/** null also where the server, or what stands before it, does not answer this. */
async function describedBy(client: PrometheusClient, signal: AbortSignal | undefined) {
  try {
    return await client.described({ signal });
  } catch (error) {
    if (error instanceof SignalError) return null;
    throw error;
  }
}
