import { windowBounds } from '../../env/objectives/index.ts';
import type { Bounds } from '../../env/objectives/index.ts';
import { askText } from '../../probes/asking.ts';
import { PrometheusClient } from '../../probes/prometheus/index.ts';
import { selectorsOf, thereFinding } from '../../reports/judge/slo/series/there.ts';
import type { There } from '../../reports/judge/slo/series/there.ts';
import { errorText } from '../../reports/record/error-text.ts';
import type { Objective } from '../../reports/record/objective.ts';
import { askAllThere } from '../ask/metrics-there.ts';
import { addressOf } from '../ask/telemetry/sources.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { missing, notNeeded, NOT_REACHED, ok, someOf, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';

/** Whether Prometheus has what the objectives ask it for: metrics, labels, units and shapes, as performance/budget asks before it judges. */
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
  const found = await thereOf(situation, await clientOf(situation));
  return declared.map((one) => itemOf(one, found));
}

/** With the metrics that its queries select. */
function textOf(objective: Objective): string {
  const metrics = [...new Set(selectorsOf(objective).map(({ metric, text }) => metric || text))];
  return `objective ${objective.name} (${someOf(metrics)})`;
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

interface Asked {
  there: There[];
  /** Within a longer window, of objectives that lack something in their own. */
  before: There[];
  /** Why not everything was answered; null: it was. */
  trouble: string | null;
}

async function thereOf(
  { environment, signal }: Situation,
  client: PrometheusClient | string,
): Promise<Asked> {
  const found: Asked = { there: [], before: [], trouble: null };
  if (typeof client === 'string') return { ...found, trouble: client };
  const { objectives: declared } = environment;
  const nowMs = Date.now();
  const ask = async (into: There[], some: readonly Objective[], boundsOf: (one: Objective) => Bounds) => {
    const asked = { objectives: some, bounds: some.map(boundsOf) };
    for await (const one of askAllThere(client, asked, signal))
      into.push({ kind: 'metric-there', t: 0, ...one });
  };
  try {
    await ask(found.there, declared, ({ window }) => windowBounds(window, nowMs, nowMs - LATELY_MS));
    const lacking = declared.filter((one) => thereFinding(one, found.there) !== null);
    await ask(found.before, lacking, () => windowBounds({ kind: 'run' }, nowMs, nowMs - BEFORE_MS));
    return found;
  } catch (error) {
    signal.throwIfAborted();
    return { ...found, trouble: `Prometheus could not be asked: ${askText(error)}` };
  } finally {
    client.close();
  }
}

function itemOf(objective: Objective, { there, before, trouble }: Asked): Item {
  const what = textOf(objective);
  const known = new Set(there.map(({ selector }) => selector));
  if (trouble !== null && selectorsOf(objective).some(({ text }) => !known.has(text)))
    return unknown(what, trouble);
  const found = thereFinding(objective, there);
  if (found === null) return ok(what, 'its metrics are there, with its labels, unit and shape');
  if (found.uncounted) return unknown(what, found.text, SEND);
  if (thereFinding(objective, before) === null) return unknown(what, `${found.text}; ${IDLE}`, SEND);
  return missing(what, found.text, adviceOf(objective));
}

const IDLE = 'all of it was there within the last week: maybe nobody has asked this service lately';
const SEND = 'send it a request, and look again';

function adviceOf({ name, stated = 'env/objectives' }: Objective): string {
  return `objective ${name} (stated by: ${stated}) with the metric, labels and unit that the service writes; or a target of Prometheus that has them`;
}
