import { z } from 'zod';
import { kubeName, plainUrl } from '../../probes/declaring.ts';
import { reached } from '../../probes/signals/reached.ts';

/** `5m`, `30d`: minutes, hours, days, weeks. */
const FIXED_DURATION = /^[1-9]\d*[mhdw]$/;
/** `500ms`, `1.5s`. */
const SHORT_DURATION = /^\d+(\.\d+)?(us|ms|s|m)$/;
/** Matchers of PromQL, as they stand between `{` and `}`. */
const MATCHER = String.raw`[A-Za-z_]\w*\s*(?:=~|!~|!=|=)\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`;
const MATCHERS = new RegExp(`^\\s*${MATCHER}(?:\\s*,\\s*${MATCHER})*\\s*,?\\s*$`);

/** What a template can count. */
export const INDICATORS = ['requests', 'latency', 'throughput'] as const;

const promQl = z.string().min(1);

const queries = z
  .strictObject({
    total: promQl.optional().describe('PromQL of all events'),
    good: promQl.optional().describe('PromQL of the good ones, or of the bad ones'),
    bad: promQl.optional(),
    counter: z
      .boolean()
      .default(true)
      .describe('Whether the queries are selectors of counters that only grow, without rate or sum'),
    value: promQl.optional().describe('Instead of total and good or bad: PromQL of one number'),
    op: z
      .enum(['lte', 'gte', 'lt', 'gt'])
      .optional()
      .describe('How that number compares with `value` if good'),
  })
  .describe('The queries of the objective, in place of a template');

const choice = z.strictObject({
  name: kubeName.max(63).describe('Its name, in reports and rules'),
  status: z
    .enum(['assumed', 'confirmed'])
    .default('assumed')
    .describe('confirmed: an owner has agreed to it'),
  by: z.string().min(1).optional().describe('Who confirmed it'),
  target: z.number().gt(0).lt(1).describe('Share that must be good, e.g. 0.999'),
  value: z
    .number()
    .optional()
    .describe(
      'Where the query gives one number: what it is compared with; of a throughput, good requests a second',
    ),
  window: z
    .union([z.literal('run'), z.string().regex(FIXED_DURATION, 'a duration such as 30d, or "run"')])
    .optional()
    .describe(
      'A rolling window such as 30d, or "run" for the duration of the run; when left out, the run in an embedded environment, else 30d',
    ),
  title: z.string().min(1).optional().describe('What reports call it; its name when left out'),
  service: kubeName.describe('The workload whose events they are'),
  template: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A file of env/objectives/templates: micrometer, opentelemetry, istio, istio-source, ingress-nginx, traefik, kong, …',
    ),
  indicator: z
    .enum(INDICATORS)
    .optional()
    .describe(
      'With a template: requests (not answered with an error of the server), latency (at most atMost), or throughput (good ones a second)',
    ),
  selector: z
    .string()
    .regex(MATCHERS, 'matchers of PromQL, such as job="api",uri!~"/health.*"')
    .refine((text) => !/(^|,)\s*le\s*[=!]/.test(text), 'no matcher of le: atMost says which boundary')
    .optional()
    .describe("With a template: which series are the service's"),
  atMost: z
    .string()
    .regex(SHORT_DURATION, 'a duration such as 500ms or 1.5s')
    .optional()
    .describe('With a template: the longest good duration, which must be a boundary of the histogram'),
  queries: queries.optional(),
  slice: z
    .strictObject({
      target: z.number().gt(0).max(1).describe('Share of the events of a slice that must be good'),
      length: z.string().regex(FIXED_DURATION, 'a duration such as 1m or 5m').default('1m'),
    })
    .optional()
    .describe('Count slices of time, of which `target` must be good, instead of events'),
});

type Choice = z.infer<typeof choice>;
type Key = keyof Choice;
/** What is missing or of no use, at a key of the objective or below one. */
type Lack = { key: readonly string[]; message: string };

const OF_TEMPLATE: readonly Key[] = ['indicator', 'selector', 'atMost'];

function lacks(one: Choice): Lack[] {
  if (one.template !== undefined)
    return one.queries === undefined
      ? ofTemplate(one)
      : [{ key: ['queries'], message: 'a template has queries of its own: one of template and queries' }];
  if (one.queries === undefined)
    return [{ key: [], message: 'one of template and queries must say what is counted' }];
  const stray = OF_TEMPLATE.filter((key) => one[key] !== undefined);
  return [
    ...stray.map((key) => ({ key: [key], message: 'only with `template`' })),
    ...(one.queries.value === undefined ? ofRatio(one, one.queries) : ofNumber(one, one.queries)),
  ];
}

function missing(one: Choice, keys: readonly Key[], why: string): Lack[] {
  return keys.flatMap((key) => (one[key] === undefined ? [{ key: [key], message: `missing: ${why}` }] : []));
}

function ofTemplate(one: Choice): Lack[] {
  const found = missing(one, ['indicator', 'selector'], 'an objective by a template needs it');
  if (one.indicator === 'latency')
    found.push(...missing(one, ['atMost'], 'a latency needs its longest good duration'));
  else if (one.atMost !== undefined)
    found.push({ key: ['atMost'], message: 'only with the indicator latency' });
  if (one.indicator === 'throughput')
    found.push(...missing(one, ['value', 'slice'], 'a throughput is judged by slices of time'));
  else if (one.value !== undefined)
    found.push({ key: ['value'], message: 'only with the indicator throughput' });
  return found;
}

type Queries = NonNullable<Choice['queries']>;

const atQuery = (key: keyof Queries, message: string): Lack => ({ key: ['queries', key], message });

function ofRatio(one: Choice, { total, good, bad, op }: Queries): Lack[] {
  const found: Lack[] = [];
  if (total === undefined || (good === undefined) === (bad === undefined))
    found.push({ key: ['queries'], message: 'total and one of good and bad, or value and op' });
  if (op !== undefined) found.push(atQuery('op', 'only with the query `value`'));
  if (one.value !== undefined) found.push({ key: ['value'], message: 'only with the query `value`' });
  return found;
}

function ofNumber(one: Choice, asked: Queries): Lack[] {
  const both = (['total', 'good', 'bad'] as const).filter((key) => asked[key] !== undefined);
  return [
    ...both.map((key) => atQuery(key, 'either this or `value`')),
    ...(asked.op === undefined
      ? [atQuery('op', 'missing: how the number compares with `value` if good')]
      : []),
    ...missing(one, ['value', 'slice'], 'a number is judged by slices of time'),
  ];
}

/** The objectives that an environment holds, each by a template or by queries. */
export const objectives = z
  .array(
    choice.superRefine((one, context) => {
      for (const { key, message } of lacks(one))
        context.addIssue({ code: 'custom', path: [...key], message });
    }),
  )
  .default([])
  .describe('Service level objectives that this environment must meet');

export const prometheus = z
  .strictObject({
    ...reached,
    url: plainUrl.describe('Base of its HTTP API, without /api/v1'),
    scrapeSeconds: z
      .number()
      .positive()
      .default(15)
      .describe('Scrape interval: more than two and a half intervals without a sample are a gap'),
  })
  .refine(({ url, password, token }) => url.startsWith('https:') || (password ?? token) === undefined, {
    path: ['url'],
    message: 'https, where a password or a token is sent',
  })
  .describe('The Prometheus that scrapes the platform');

export type ObjectiveChoice = z.infer<typeof objectives>[number];
export type PrometheusSettings = z.infer<typeof prometheus>;
