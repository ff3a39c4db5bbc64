import { windowMs } from '../../env/objectives/index.ts';
import { askText } from '../../probes/asking.ts';
import { PrometheusClient } from '../../probes/prometheus/index.ts';
import { SignalError } from '../../probes/signals/index.ts';
import { answersTo, lackingText } from '../../reports/judge/performance/budget-answers.ts';
import { guardQueries } from '../../reports/judge/performance/budget-queries.ts';
import { selectorsIn } from '../../reports/judge/slo/series/selector.ts';
import { errorText } from '../../reports/record/error-text.ts';
import type { Objective } from '../../reports/record/objective.ts';
import { askNumber } from '../ask/metric-answers.ts';
import { addressOf } from '../ask/telemetry/sources.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { missing, notNeeded, NOT_REACHED, ok, someOf, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';

/** Whether the queries of the objectives find any series, as performance/budget asks before it judges. */
export const objectives: Kind = { name: 'objectives', look };

/** The window of an objective over a run that has not begun. A service that was asked nothing for so long may have other series in its run. */
const LATELY_MS = 3_600_000;

/** A service that was restarted has no series of requests until somebody sends one: a weekend without requests lies within this. */
const BEFORE_MS = 7 * 86_400_000;

async function look(situation: Situation): Promise<Item[]> {
  const { environment, running, reached } = situation;
  const { objectives: declared, prometheus } = environment;
  const asked = running.some(({ row }) => row.asksObjectives === true);
  if (!asked) return declared.map((one) => notNeeded(textOf(one), 'no planned check asks for it'));
  if (prometheus === undefined)
    return declared.map((one) => unknown(textOf(one), 'no prometheus is declared'));
  if (reached === null) return declared.map((one) => unknown(textOf(one), NOT_REACHED));
  const client = await clientOf(situation);
  if (typeof client === 'string') return declared.map((one) => unknown(textOf(one), client));
  try {
    const items: Item[] = [];
    for (const one of declared) items.push(await itemOf(one, client, situation));
    return items;
  } finally {
    client.close();
  }
}

/** With the metrics that its queries select. */
function textOf(objective: Objective): string {
  const { indicator } = objective;
  const part = indicator.kind === 'ratio' ? (indicator.good ?? indicator.bad ?? '') : '';
  const selectors = [...mainSelectors(objective), ...selectorsIn(part)];
  const metrics = [...new Set(selectors.map(({ metric, text }) => metric || text))];
  return `objective ${objective.name} (${someOf(metrics)})`;
}

/** Of the query for all events. */
function mainSelectors({ indicator }: Objective): ReturnType<typeof selectorsIn> {
  return selectorsIn(indicator.kind === 'ratio' ? indicator.total : indicator.query);
}

/** A client with the declared account, or why there is none. */
async function clientOf({ environment, reached, deadlineMs }: Situation): Promise<PrometheusClient | string> {
  const { prometheus } = environment;
  if (prometheus === undefined || reached === null) return NOT_REACHED;
  try {
    const address = await addressOf(reached, prometheus);
    // A window of weeks takes as long as it may take in a run.
    return new PrometheusClient({
      ...address,
      deadlineMs: Math.max(deadlineMs, timeoutMsOf(environment, 'prometheusQuery')),
    });
  } catch (error) {
    return `not asked: ${errorText(error)}`;
  }
}

async function itemOf(objective: Objective, client: PrometheusClient, situation: Situation): Promise<Item> {
  const { signal } = situation;
  const what = textOf(objective);
  try {
    const found = await lackingIn(objective, windowMs(objective.window, LATELY_MS), { client, situation });
    if (found === null) return ok(what, 'its queries find series');
    if ((await lackingIn(objective, BEFORE_MS, { client, situation })) === null)
      return unknown(what, `${found}; ${IDLE}`, SEND);
    const described = await describedBy(client, mainSelectors(objective), signal);
    if (described !== null)
      return unknown(what, `${found}; a target describes ${described}: nothing was counted yet`, SEND);
    return missing(what, found, adviceOf(objective));
  } catch (error) {
    signal.throwIfAborted();
    return unknown(what, `Prometheus could not be asked: ${askText(error)}`);
  }
}

interface Asking {
  client: PrometheusClient;
  situation: Situation;
}

/** Which query of an objective found no series within a window, or was refused; null: none. */
async function lackingIn(
  objective: Objective,
  overMs: number,
  { client, situation: { signal, environment } }: Asking,
): Promise<string | null> {
  const guards = guardQueries(objective, overMs, (environment.prometheus?.scrapeSeconds ?? 1) * 1000);
  const answers = new Map<string, number | null>();
  for (const query of Object.values<string | null>({ ...guards })) {
    if (query === null) continue;
    const { value, refused } = await askNumber(client, query, { signal });
    if (refused !== undefined) return refused;
    answers.set(query, value);
  }
  return lackingText(
    objective,
    answersTo(guards, (query) => answers.get(query) ?? null),
  );
}

/** The first metric without series that a target describes; null: none is, or the source does not say. */
async function describedBy(
  client: PrometheusClient,
  selectors: readonly { metric: string }[],
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const isDescribed = await client.described({ signal });
    return selectors.find(({ metric }) => isDescribed?.(metric) === true)?.metric ?? null;
  } catch (error) {
    // 404 and 400: it speaks the API of queries, and not this part of it.
    if (!(error instanceof SignalError && [400, 404].includes(error.status ?? 0))) throw error;
    return null;
  }
}

const IDLE = 'all of it was there within the last week: maybe nobody has asked this service lately';
const SEND = 'send it a request, and look again';

function adviceOf({ name, stated }: Objective): string {
  return `objective ${name} (stated by: ${stated}) with the metric, labels and unit that the service writes; or a target of Prometheus that has them`;
}
