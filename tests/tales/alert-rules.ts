import { wallOf } from '../../reports/judge/telemetry/clocks.ts';
import type { Seen } from '../../reports/record/observations/index.ts';
import { all, changed } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

const RULES = 'telemetry/alerts/rules';
const DAY_MS = 86_400_000;

/** The first alerting rule of each objective, with another expression. */
const saying = (of: (query: string) => string): Bend =>
  changed('rule-group', ({ alerting }) => ({
    alerting: alerting.map((rule, at) => (at === 0 ? { ...rule, query: of(rule.query) } : rule)),
  }));

const firing =
  (days: number): Bend =>
  (history) =>
    changed('rule-group', ({ t, alerting }) => ({
      alerting: alerting.map((rule) => ({ ...rule, firingSinceMs: wallOf(history, t) - days * DAY_MS })),
    }))(history);

/** What is left of the series whose selectors match. */
const left = (
  selectors: RegExp,
  of: { series: 0; lately: number; metric: Seen<'rule-selector'>['metric'] },
): Bend => changed('rule-selector', ({ selector }) => (selectors.test(selector) ? of : {}));

const GONE = { series: 0, lately: 0, metric: 'unknown' } as const;
const NEVER_ASKED = { series: 0, lately: 0, metric: 'there' } as const;
const REQUESTS = /^http_request_duration_seconds/;
const RECORDED = /^plumbline:bad_ratio/;
const BAD = /status=~/;

/** Recording rules with another expression. */
const recording = (of: (query: string) => string): Bend =>
  changed('recording-rule', ({ query }) => ({ query: of(query) }));

/** Bad events are divided by all, and no zero stands in where there is none. */
const bare = recording((query) => query.replace(' or vector(0)', ''));

export const TALES: readonly Tale[] = [
  {
    number: 29,
    check: RULES,
    says: 'a rule is vector(0) > 1',
    must: 'fail',
    rule: 'constant',
    bend: saying(() => 'vector(0) > 1'),
  },
  {
    number: 29,
    check: RULES,
    says: 'a rule is vector(1) and fires for 40 days',
    must: 'fail',
    rule: 'constant',
    bend: all(
      firing(40),
      saying(() => 'vector(1)'),
    ),
  },
  {
    check: RULES,
    says: 'a condition that never holds stands beside the burn rate',
    must: 'fail',
    rule: 'constant',
    bend: saying((query) => `${query} and on() (vector(0) > 1)`),
  },
  {
    check: RULES,
    says: 'the alerts have been firing for 40 days, and nobody ends them',
    must: 'fail',
    rule: 'firing',
    bend: firing(40),
  },
  {
    number: 30,
    check: RULES,
    says: 'a rule on a metric that was renamed',
    must: 'fail',
    rule: 'selects',
    bend: all(left(REQUESTS, GONE), left(RECORDED, GONE)),
  },
  {
    number: 30,
    check: RULES,
    says: 'a rule has the old name of the metric, the others the new one',
    must: 'fail',
    rule: 'own',
    bend: saying(() => 'rate(http_requests_old_total{job="tender-api"}[5m]) > 1'),
  },
  {
    check: RULES,
    says: 'the rules of one objective are on another service',
    must: ['fail', 'inconclusive'],
    rule: 'own',
    bend: saying((query) => query.replaceAll(/objective="[^"]+"/g, 'objective="other"')),
  },
  {
    check: RULES,
    says: 'what the alerts select is recorded no more, as its rule fails',
    must: 'fail',
    rule: 'selects',
    bend: changed('recording-rule', () => ({ health: 'err', lastError: 'many-to-many matching' })),
  },
  {
    check: RULES,
    says: 'the metric was renamed two hours ago',
    must: 'inconclusive',
    rule: 'selects',
    bend: left(REQUESTS, { series: 0, lately: 12, metric: 'there' }),
  },
  {
    check: RULES,
    says: 'only bad events were renamed: the burn rate is 0 for ever',
    must: ['fail', 'inconclusive'],
    bend: left(/status=~|le=/, GONE),
  },
  {
    check: RULES,
    says: 'bad events are selected by a label that no series has',
    must: 'inconclusive',
    rule: 'selects',
    bend: left(BAD, { series: 0, lately: 0, metric: 'unlabelled' }),
  },
  {
    check: RULES,
    says: 'good events are selected by a bucket that there is no more: the burn rate is never known',
    must: ['fail', 'inconclusive'],
    rule: 'selects',
    bend: all(left(/le=/, NEVER_ASKED), left(/objective="api-latency"/, GONE)),
  },
  {
    check: RULES,
    says: 'good events of which a rule wants many are of a kind that never happens',
    must: ['fail', 'inconclusive'],
    rule: 'selects',
    bend: all(
      bare,
      recording((query) => query.replace('status=~"5.."', 'status=~"2xx"')),
      saying((query) => query.replaceAll(/> [\d.]+/g, '< 0.9')),
      changed('rule-selector', ({ selector }) =>
        BAD.test(selector)
          ? { ...NEVER_ASKED, selector: selector.replace('status=~"5.."', 'status=~"2xx"') }
          : {},
      ),
    ),
  },
  {
    check: RULES,
    says: 'one of many selectors was not looked for',
    must: 'inconclusive',
    rule: 'selects',
    bend: changed('rule-selector', ({ selector }) => (REQUESTS.test(selector) ? null : {})),
  },
  {
    check: RULES,
    says: 'the service has never failed, no zero stands in for its bad events, and Mimir describes no metric',
    must: 'pass',
    bend: all(bare, left(/objective="api-requests"/, { ...GONE, metric: 'untold' })),
  },
  {
    check: RULES,
    says: 'the service last failed some hours ago, and its pods were replaced since',
    must: 'pass',
    bend: all(bare, left(BAD, { series: 0, lately: 2, metric: 'there' })),
  },
  {
    check: RULES,
    says: 'a metric that is pushed is not there now, where the server describes none',
    must: 'inconclusive',
    rule: 'selects',
    bend: all(left(REQUESTS, { ...GONE, metric: 'untold' }), left(RECORDED, { ...GONE, metric: 'untold' })),
  },
  {
    check: RULES,
    says: 'nobody has asked the new service yet',
    must: 'inconclusive',
    rule: 'selects',
    bend: all(left(REQUESTS, NEVER_ASKED), left(RECORDED, GONE)),
  },
  {
    check: RULES,
    says: 'a slow burn has been firing for three days',
    must: 'pass',
    bend: firing(3),
  },
  {
    check: RULES,
    says: 'people are woken by day alone',
    must: 'pass',
    bend: saying((query) => `(${query}) and on() (hour() > 7 < 19)`),
  },
];
