import { z } from 'zod';
import { parseJson } from '../../host/json.ts';
import type { Series } from '../../reports/record/telemetry/objective.ts';
import { insteadOf, refusal, shapedAs, SignalError } from '../signals/index.ts';
import type { SignalReason } from '../signals/index.ts';

/** The envelope of every answer of the HTTP API, https://prometheus.io/docs/prometheus/latest/querying/api/ (read for 3.5). */
const envelope = z.object({
  status: z.enum(['success', 'error']),
  data: z.unknown().optional(),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  /** Of a cluster of VictoriaMetrics: some of its storage nodes did not answer. Nothing else says so. */
  isPartial: z.boolean().optional(),
});

/** Unix seconds and the value as text: `NaN`, `+Inf` and `-Inf` are values as well. */
const sample = z.tuple([z.number(), z.string()]);
/** The time of a native histogram; its content is not read. */
const histogram = z.tuple([z.number(), z.unknown()]);
const labels = z.record(z.string(), z.string());
const result = z.discriminatedUnion('resultType', [
  z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: labels, value: sample.optional() })),
  }),
  z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: labels,
        values: z.array(sample).default([]),
        histograms: z.array(histogram).default([]),
      }),
    ),
  }),
  z.object({ resultType: z.literal('scalar'), result: sample }),
  z.object({ resultType: z.literal('string'), result: sample }),
]);

const target = z.object({
  labels,
  scrapeUrl: z.string(),
  health: z.enum(['up', 'down', 'unknown']),
  lastError: z.string().default(''),
});
export const targetsData = z.object({ activeTargets: z.array(target) });
export type Target = z.infer<typeof target>;

const rule = z.object({
  type: z.enum(['alerting', 'recording']),
  name: z.string(),
  query: z.string(),
  health: z.string(),
  /** Of an alerting rule: inactive, pending or firing. */
  state: z.string().optional(),
  lastError: z.string().optional(),
  labels: labels.default({}),
  /** Of an alerting rule: those that are pending or firing. */
  alerts: z
    .array(z.object({ state: z.string(), activeAt: z.string() }))
    .nullish()
    .transform((alerts) => alerts ?? []),
});
export const rulesData = z.object({
  groups: z.array(z.object({ name: z.string(), file: z.string(), rules: z.array(rule) })),
});
export type RuleGroup = z.infer<typeof rulesData>['groups'][number];

export const alertmanagersData = z.object({ activeAlertmanagers: z.array(z.object({ url: z.string() })) });

/** What Mimir and Grafana's other products call themselves; Prometheus gives no such name. */
export const buildData = z.object({ application: z.string().min(1) });

/** Those that a querier of Thanos asks, by kind. */
export const storesData = z.record(z.string(), z.unknown());

export const seriesData = z.array(labels);

/** By family of metrics, one entry for each way that its targets describe it. */
export const metadataData = z.record(z.string(), z.array(z.unknown()));

export interface Answered {
  data: unknown;
  warnings: string[];
}

/** A hint for who wrote the query, which says nothing of the data. Prometheus 2.48 to 2.53 has it among the warnings. */
const HINT = /^PromQL info:/;

/**
 * The data of a successful answer.
 * @param answer its `location` is empty where it has none
 * @param what address and query, for messages
 * @throws SignalError with the reason
 */
export function opened(
  { status, location, text }: { status: number; location: string; text: string },
  what: string,
): Answered {
  if (status === 401 || status === 403) throw refusal(what, { status, location, text });
  const parsed = envelope.safeParse(parseJson(text));
  if (!parsed.success)
    throw new SignalError(
      `${what}: status ${status}, ${insteadOf({ status, location, text }) ?? `not an answer of Prometheus: ${text.slice(0, 100)}`}`,
      { reason: status >= 500 ? 'failed' : 'unreachable', status },
    );
  if (parsed.data.status === 'error') throw errorOf(parsed.data, status, what);
  return { data: parsed.data.data, warnings: warningsOf(parsed.data) };
}

function warningsOf({ warnings = [], isPartial = false }: z.infer<typeof envelope>): string[] {
  const told = warnings.filter((one) => !HINT.test(one));
  return isPartial ? [...told, 'the server itself says so (isPartial)'] : told;
}

function errorOf(
  { errorType = 'error', error = '' }: z.infer<typeof envelope>,
  status: number,
  what: string,
): SignalError {
  const reason = reasonOf(status, errorType, error);
  return new SignalError(`${what}: ${errorType} (${status}): ${error}`, { reason, status });
}

/** Prometheus reports its limit of samples as an execution error (422), but its limit of points as a bad query (400). */
function reasonOf(status: number, errorType: string, error: string): SignalReason {
  if (/too many samples|maximum resolution|exceeded the limit|sample limit/i.test(error)) return 'too much';
  return status === 400 || errorType === 'bad_data' ? 'bad query' : 'failed';
}

/**
 * The result of a query as series; a vector and a scalar have one point each.
 * @param of.histograms whether native histograms in a matrix are points, too: of their time alone, the value is null. Otherwise they are left out.
 */
export function seriesOf(
  data: unknown,
  what: string,
  { histograms: isWanted }: { histograms: boolean } = { histograms: false },
): Series[] {
  const found = shapedAs(result, data, what);
  if (found.resultType === 'matrix')
    return found.result.map(({ metric, values, histograms }) => {
      const points = values.map(pointOf);
      // A series may have numbers first and histograms later.
      const all = isWanted ? [...points, ...histograms.map(timeOf)].sort(([a], [b]) => a - b) : points;
      return { labels: metric, points: all };
    });
  if (found.resultType === 'vector')
    return found.result.map(({ metric, value }) => ({
      labels: metric,
      points: value === undefined ? [] : [pointOf(value)],
    }));
  return [{ labels: {}, points: [pointOf(found.result)] }];
}

const timeOf = ([seconds]: readonly [number, ...unknown[]]): [number, null] => [
  Math.round(seconds * 1000),
  null,
];

/** Wall-clock ms and value; null: not a finite number. */
function pointOf([seconds, text]: [number, string]): [number, number | null] {
  const value = Number(text);
  return [Math.round(seconds * 1000), text !== '' && Number.isFinite(value) ? value : null];
}
