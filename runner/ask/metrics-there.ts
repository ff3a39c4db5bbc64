/** What a source of metrics has of the selectors in the queries of objectives: names, labels, values and units. Only names are asked for, no samples. */
import type { Bounds } from '../../env/objectives/index.ts';
import type { Fields } from '../../reports/record/observations/index.ts';
import { PrometheusError } from '../../probes/prometheus/index.ts';
import type { PrometheusClient } from '../../probes/prometheus/index.ts';
import type { Objective } from '../../reports/record/objective.ts';
import { demands, matchesSelector } from '../../reports/judge/slo/series/selector.ts';
import type { Found, Matcher } from '../../reports/judge/slo/series/selector.ts';
import { selectorsOf } from '../../reports/judge/slo/series/there.ts';
import { familiesOf } from '../../reports/judge/slo/series/units.ts';
import { eachOnce } from './metric-questions.ts';

type There = Fields<'metric-there'>;

/** Values of a label to keep, of those that are asked for and of others. Of boundaries all: a histogram has some dozens. */
const MOST_VALUES = 6;
/** Labels to look through for one that is not there. */
const MOST_OTHERS = 15;
/** Names of metrics to keep where one has no series. */
const MOST_ALIKE = 8;
/** Targets that have a boundary to keep: of a month in which pods come and go there may be many. */
const MOST_TARGETS = 1000;

/** One selector within one window, whatever number of objectives it is of. */
interface ThereQuestion extends Bounds {
  objectives: string[];
  selector: Found;
}

/** Each selector of the objectives once a window. @param bounds the window of each objective, in their order */
function thereQuestions(objectives: readonly Objective[], bounds: readonly Bounds[]): ThereQuestion[] {
  return eachOnce(objectives, bounds, (objective) =>
    selectorsOf(objective).map((selector) => ({ selector })),
  );
}

/** Each question of objectives with its answer, one after the other. @throws as `askThere` */
export async function* askAllThere(
  client: Client,
  { objectives, bounds }: { objectives: readonly Objective[]; bounds: readonly Bounds[] },
  signal: AbortSignal,
): AsyncGenerator<There> {
  for (const question of thereQuestions(objectives, bounds)) yield await askThere(client, question, signal);
}

type Client = Pick<PrometheusClient, 'labelNames' | 'labelValues' | 'metadata'>;

interface Within {
  fromMs: number;
  toMs: number;
  signal: AbortSignal;
}

/**
 * Asks one question, by at most some two dozen requests.
 * @throws PrometheusError where a source does not answer; of metadata alone, which not every source has, nothing is then known
 */
async function askThere(
  client: Client,
  { objectives, selector, fromMs, toMs }: ThereQuestion,
  signal: AbortSignal,
): Promise<There> {
  const within = { fromMs, toMs, signal };
  const { text, metric, matchers } = selector;
  const nothing = {
    objectives,
    selector: text,
    there: false,
    labels: [],
    selected: false,
    values: [],
    families: [],
    alike: [],
  };
  if (metric === '') return nothing;
  const all = await client.labelNames(metric, within);
  const families = await familiesFrom(client, metric, signal);
  if (all.length === 0) return { ...nothing, families, alike: await alikeTo(client, metric, within) };
  const selected = (await client.labelNames(text, within)).length > 0;
  const named = [...new Set(matchers.map(({ label }) => label))];
  const labels = named.every((label) => all.includes(label)) ? named : all;
  const values = await valuesFrom(client, { metric, matchers, labels }, within);
  const bounded = await boundedFrom(client, selector, within);
  return { ...nothing, there: true, labels, selected, values, families, ...bounded };
}

/** Labels that a target has, and not the service that a gateway counts. */
const OF_JOB = new Set(['job', 'cluster']);

/** Of the targets of the selected series those that have the boundary that is asked for, for whatever series. Asked where a job names the targets. */
async function boundedFrom(
  client: Client,
  { metric, matchers }: Found,
  within: Within,
): Promise<Pick<There, 'boundaryOn'>> {
  const [edges, others] = [true, false].map((is) => matchers.filter(({ label }) => (label === 'le') === is));
  const ofJob = others?.filter(({ label }) => OF_JOB.has(label)) ?? [];
  if (edges?.length !== 1 || !ofJob.some((one) => one.label === 'job' && demands(one))) return {};
  const instances = (some: readonly Matcher[] = []): Promise<string[]> =>
    client.labelValues('instance', `${metric}${bracesOf(some)}`, within);
  const selected = new Set(await instances(others));
  const bounded = await instances([...ofJob, ...edges]);
  return { boundaryOn: bounded.filter((one) => selected.has(one)).slice(0, MOST_TARGETS) };
}

const bracesOf = (matchers: readonly Matcher[]): string =>
  `{${matchers.map(({ label, op, value }) => `${label}${op}${value}`).join(',')}}`;

async function familiesFrom(client: Client, metric: string, signal: AbortSignal): Promise<There['families']> {
  const found: There['families'] = [];
  for (const family of familiesOf(metric)) {
    try {
      for (const { type, unit } of await client.metadata(family, { signal }))
        found.push({ family, type, unit });
    } catch (error) {
      // 404 and 400: it speaks the API of queries, and not this part of it.
      if (!(error instanceof PrometheusError && [400, 404].includes(error.status ?? 0))) throw error;
    }
  }
  return found.filter((one, index) => found.findIndex((other) => isEqual(one, other)) === index);
}

type Family = There['families'][number];
const isEqual = (a: Family, b: Family): boolean =>
  a.family === b.family && a.type === b.type && a.unit === b.unit;

/** Metrics that have a part of the name in common: the last words may differ, or the first. */
async function alikeTo(client: Client, metric: string, within: Within): Promise<string[]> {
  const family = familiesOf(metric).at(-1) ?? metric;
  const words = family.split('_');
  const parts = [
    family,
    words.slice(0, -1).join('_'),
    words.slice(0, 3).join('_'),
    words.slice(0, 2).join('_'),
  ];
  for (const part of new Set(parts)) {
    if (part.length < 4) continue;
    const selector = `{__name__=~"(.+_)?${part}(_.+)?"}`;
    const found = await client.labelValues('__name__', selector, within);
    if (found.length > 0) return found.slice(0, MOST_ALIKE);
  }
  return [];
}

interface Of {
  metric: string;
  matchers: readonly Matcher[];
  labels: readonly string[];
}

/** Values of the labels that a selector names. Where one is not there, those of all others: one of them may be meant. */
async function valuesFrom(client: Client, of: Of, within: Within): Promise<There['values']> {
  const { metric, matchers, labels } = of;
  const found: There['values'] = [];
  const named = [...new Set(matchers.map(({ label }) => label))].filter((label) => label !== '__name__');
  for (const label of named.filter((one) => labels.includes(one)))
    found.push({
      label,
      values: kept(label, await amongFitting(client, { ...of, label }, within), matchers),
    });
  if (named.every((label) => labels.includes(label))) return found;
  for (const label of labels
    .filter((one) => !named.includes(one) && one !== '__name__')
    .slice(0, MOST_OTHERS))
    found.push({ label, values: kept(label, await client.labelValues(label, metric, within)) });
  return found;
}

/** Some of many values, with those that are asked for among them. */
function kept(label: string, values: readonly string[], matchers: readonly Matcher[] = []): string[] {
  if (label === 'le') return [...values];
  const own = matchers.filter((one) => one.label === label);
  const [asked, others] = [true, false].map((is) =>
    values.filter((value) => matchesSelector({ [label]: value }, { metric: null, matchers: own }) === is),
  );
  return [asked, others].flatMap((some = []) => some.slice(0, MOST_VALUES)).sort();
}

/** On the series that fit all other matchers; where there are none, on all of the metric. */
async function amongFitting(
  client: Client,
  { metric, matchers, label }: Of & { label: string },
  within: Within,
): Promise<string[]> {
  const others = matchers.filter((one) => one.label !== label && one.label !== 'le');
  const found = await client.labelValues(label, `${metric}${bracesOf(others)}`, within);
  return found.length > 0 || others.length === 0 ? found : await client.labelValues(label, metric, within);
}

/** As how many answers with samples the questions count for time limits: each is some requests for names, which take no reading of samples. */
export function answersForThere(objectives: readonly Objective[]): number {
  const bounds = objectives.map(() => ({ fromMs: 0, toMs: 1, endMs: 1 }));
  return thereQuestions(objectives, bounds).length;
}
