import { windowBounds } from '../../env/objectives/index.ts';
import type { Environment } from '../../env/schema.ts';
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

async function look(situation: Situation): Promise<Item[]> {
  const { environment, running, reached } = situation;
  const { objectives: declared, prometheus } = environment;
  const asked = running.some(({ row }) => row.asksObjectives === true);
  if (!asked) return declared.map((one) => notNeeded(textOf(one), 'no planned check asks for it'));
  if (prometheus === undefined)
    return declared.map((one) => unknown(textOf(one), 'no prometheus is declared'));
  if (reached === null) return declared.map((one) => unknown(textOf(one), NOT_REACHED));
  const { there, trouble } = await thereOf(situation, await clientOf(situation));
  return declared.map((one) => itemOf(one, there, trouble));
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
  /** Why not everything was answered; null: it was. */
  trouble: string | null;
}

async function thereOf(
  { environment, signal }: Situation,
  client: PrometheusClient | string,
): Promise<Asked> {
  if (typeof client === 'string') return { there: [], trouble: client };
  const there: There[] = [];
  try {
    for await (const one of askAllThere(client, windowsOf(environment), signal))
      there.push({ kind: 'metric-there', t: 0, ...one });
    return { there, trouble: null };
  } catch (error) {
    signal.throwIfAborted();
    return { there, trouble: `Prometheus could not be asked: ${askText(error)}` };
  } finally {
    client.close();
  }
}

function windowsOf({ objectives: declared }: Pick<Environment, 'objectives'>) {
  const nowMs = Date.now();
  return {
    objectives: declared,
    bounds: declared.map(({ window }) => windowBounds(window, nowMs, nowMs - LATELY_MS)),
  };
}

function itemOf(objective: Objective, there: readonly There[], trouble: string | null): Item {
  const what = textOf(objective);
  const known = new Set(there.map(({ selector }) => selector));
  if (trouble !== null && selectorsOf(objective).some(({ text }) => !known.has(text)))
    return unknown(what, trouble);
  const found = thereFinding(objective, there);
  if (found === null) return ok(what, 'its metrics are there, with its labels, unit and shape');
  const advice = adviceOf(objective);
  return found.uncounted
    ? unknown(what, found.text, 'send it a request, and look again')
    : missing(what, found.text, advice);
}

function adviceOf({ name, stated = 'env/objectives' }: Objective): string {
  return `objective ${name} (stated by: ${stated}) with the metric, labels and unit that the service writes; or a target of Prometheus that has them`;
}
