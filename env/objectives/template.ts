/**
 * Templates of objectives: what a kind of service or gateway calls its metrics, as data (env/objectives/templates, one file each). With a
 * selector of the environment file they become queries.
 */
import path from 'node:path';
import { z } from 'zod';
import { kubeName } from '../../probes/declaring.ts';
import type { Objective } from '../../reports/record/telemetry/objective.ts';
import { EnvironmentError } from '../errors.ts';
import { problemsOf } from '../issues.ts';
import { keysOf } from '../known-keys.ts';
import type { ObjectiveChoice } from '../schema/objectives.ts';
import { parseYaml } from '../yaml-source.ts';
import { rateRange } from './window.ts';

const text = z.string().min(1);
const metric = z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'the name of a metric');

export const templateShape = z.strictObject({
  name: kubeName,
  title: text,
  sources: z
    .array(z.strictObject({ of: text, version: text, url: z.url() }))
    .min(1)
    .describe('Where the names were read, and of which version'),
  metWith: text.nullable().describe('What has answered queries of it; null: not met yet'),
  always: text.optional().describe('Matchers that every query has'),
  unseen: text.optional().describe('Bad events that these metrics do not have: reports and rules say so'),
  countedElsewhere: z
    .literal(true)
    .optional()
    .describe(
      'Counted by a gateway or by clients: how many pods the service has says nothing of their number',
    ),
  unsetOnFailure: z
    .strictObject({
      labels: z.array(text).min(1).describe('Labels without a value on some bad events'),
      advice: text.describe('What to select by instead'),
    })
    .optional()
    .describe('A selector by such a label would leave these bad events out, and is refused'),
  requests: z.strictObject({
    metric: metric.describe('Counter of all requests'),
    failed: text.describe('Matchers of those that were answered with an error of the server'),
  }),
  duration: z.strictObject({
    bucket: metric,
    count: metric.describe('All that the histogram counts'),
    unit: z.enum(['seconds', 'milliseconds']),
  }),
});

export type ObjectiveTemplate = z.infer<typeof templateShape>;

/**
 * Checks the text of one template.
 * @throws EnvironmentError with every problem: file, line, column, what was found, what is allowed
 */
export function parseTemplate(content: string, file: string): ObjectiveTemplate {
  const source = parseYaml(content, file);
  if (source.problems.length > 0) throw new EnvironmentError(source.problems);
  const parsed = templateShape.safeParse(source.value);
  if (!parsed.success)
    throw new EnvironmentError(problemsOf(parsed.error, { source, knownKeys: keysOf(templateShape) }));
  const expected = path.basename(file).replace(/\.ya?ml$/, '');
  if (parsed.data.name === expected) return parsed.data;
  throw new EnvironmentError([
    {
      ...source.locate(['name']),
      path: 'name',
      found: `"${parsed.data.name}"`,
      allowed: expected,
      message: 'the name differs from the name of the file',
    },
  ]);
}

/** The queries of an objective, and what is known of the metrics behind them. */
export type Stated = Pick<Objective, 'indicator' | 'stated' | 'notMet' | 'unseen' | 'countedElsewhere'>;

/**
 * @param choice has what the schema demands beside a template
 * @param scrapeSeconds interval of Prometheus; undefined: that of the schema
 */
export function statedByTemplate(
  template: ObjectiveTemplate,
  choice: ObjectiveChoice,
  scrapeSeconds: number | undefined,
): Stated {
  const stated = `template ${template.name}`;
  const met = template.metWith === null ? { notMet: stated } : {};
  const unseen = template.unseen === undefined ? {} : { unseen: template.unseen };
  const elsewhere = template.countedElsewhere === undefined ? {} : { countedElsewhere: true };
  return { stated, ...met, ...unseen, ...elsewhere, indicator: indicatorBy(template, choice, scrapeSeconds) };
}

/** The label of a selector that some bad events have no value of, with what to select by instead; null: none. */
export function unsetIn(
  { unsetOnFailure }: ObjectiveTemplate,
  selector: string,
): { label: string; advice: string } | null {
  const label = unsetOnFailure?.labels.find((one) => new RegExp(`(^|,)\\s*${one}\\s*[=!]`).test(selector));
  return label === undefined ? null : { label, advice: unsetOnFailure?.advice ?? '' };
}

function indicatorBy(
  { always, requests, duration }: ObjectiveTemplate,
  choice: ObjectiveChoice,
  scrapeSeconds: number | undefined,
): Objective['indicator'] {
  const own = [always, choice.selector?.trim().replace(/,$/, '')];
  const select = (name: string, more?: string): string =>
    `${name}{${[...own, more].filter((part) => part !== undefined).join(',')}}`;
  const ratio = { kind: 'ratio', counter: true } as const;
  if (choice.indicator === 'latency') {
    const atMost = inUnit(choice.atMost ?? '0s', duration.unit);
    return {
      ...ratio,
      good: select(duration.bucket, boundaryMatcher(atMost)),
      bad: null,
      total: select(duration.count),
    };
  }
  const { metric: all, failed } = requests;
  if (choice.indicator === 'throughput')
    return {
      kind: 'threshold',
      query: `sum(rate(${select(all, negated(failed))}[${rateRange('1m', scrapeSeconds)}]))`,
      op: 'gte',
      value: choice.value ?? 0,
    };
  return { ...ratio, good: null, bad: select(all, failed), total: select(all) };
}

/** The matcher of one label the other way round. */
function negated(matcher: string): string {
  return matcher.includes('=~') ? matcher.replace('=~', '!~') : matcher.replace('=', '!=');
}

/** 3 or 3.0: Prometheus 3 writes whole boundaries with a point. */
export function boundaryMatcher(boundary: number): string {
  return Number.isInteger(boundary) ? `le=~"${boundary}|${boundary}[.]0"` : `le="${boundary}"`;
}

const SHORT_UNITS_MS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000, m: 60_000 };

/** `500ms` in seconds is 0.5. @throws RangeError for another text */
export function inUnit(duration: string, unit: ObjectiveTemplate['duration']['unit']): number {
  const [, amount, short = ''] = /^(\d+(?:\.\d+)?)(us|ms|s|m)$/.exec(duration) ?? [];
  const ms = SHORT_UNITS_MS[short];
  if (amount === undefined || ms === undefined)
    throw new RangeError(`expected a duration such as 500ms or 1.5s, found "${duration}"`);
  // Twelve digits are more than anybody writes, and leave out what floating point adds.
  return Number(((Number(amount) * ms) / (unit === 'seconds' ? 1000 : 1)).toPrecision(12));
}
