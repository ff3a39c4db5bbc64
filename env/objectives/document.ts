import { z } from 'zod';
import { kubeName } from '../../probes/declaring.ts';

/**
 * An OpenSLO v1 document of kind SLO (https://github.com/OpenSLO/OpenSLO), as far as Plumbline judges it: an inline indicator, one
 * window and one objective. Anything else (alert policies, composite and referenced indicators, raw metrics, RatioTimeslices) is
 * refused as an unknown key or value, because a goal that is stated and never judged would go unnoticed.
 */

/** Durations of OpenSLO: minutes, hours, days, weeks; months, quarters and years only by the calendar, since their length varies. */
const DURATION = /^[1-9]\d*[mhdwMQY]$/;
const FIXED = /^[1-9]\d*[mhdw]$/;
const CALENDAR = /^[1-9]\d*[dwMQY]$/;
const START = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

const text = z.string().min(1);

const source = z.strictObject({
  metricSource: z.strictObject({
    metricSourceRef: text.optional(),
    type: z.literal('Prometheus').default('Prometheus'),
    spec: z.strictObject({ query: text.describe('PromQL') }),
  }),
});

const ratioMetric = z.strictObject({
  counter: z.boolean().describe('Whether the queries give counters that only grow'),
  good: source.optional(),
  bad: source.optional(),
  total: source,
});

const indicator = z.strictObject({
  metadata: z.strictObject({ name: kubeName, displayName: text.optional() }),
  spec: z.strictObject({
    description: text.optional(),
    ratioMetric: ratioMetric.optional(),
    thresholdMetric: source.optional(),
  }),
});

const timeZone = text.refine(isTimeZone, 'a time zone of the tz database, such as Europe/Berlin');

const timeWindow = z.strictObject({
  duration: z.string().regex(DURATION, 'a duration such as 5m, 1h, 30d, 1w, 1M, 1Q or 1Y'),
  isRolling: z.boolean(),
  calendar: z
    .strictObject({
      startTime: z.string().regex(START, 'a time such as 2026-01-01 00:00:00'),
      timeZone,
    })
    .optional(),
});

const objective = z.strictObject({
  displayName: text.optional(),
  op: z.enum(['lte', 'gte', 'lt', 'gt']).optional(),
  value: z.number().optional(),
  target: z.number().gt(0).lt(1).optional(),
  targetPercent: z.number().gt(0).lt(100).optional(),
  timeSliceTarget: z.number().gt(0).max(1).optional(),
  timeSliceWindow: z.string().regex(FIXED, 'a duration such as 1m or 5m').optional(),
});

const labels = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** The shape alone: relations between parts are checked only once the shape is valid. */
export const sloShape = z.strictObject({
  apiVersion: z.literal('openslo/v1'),
  kind: z.literal('SLO'),
  metadata: z.strictObject({
    name: kubeName.max(63),
    displayName: text.optional(),
    labels: labels.optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.strictObject({
    description: text.optional(),
    service: text,
    indicator,
    timeWindow: z.array(timeWindow).length(1),
    budgetingMethod: z.enum(['Occurrences', 'Timeslices']),
    objectives: z.array(objective).length(1),
  }),
});

export type SloDocument = z.infer<typeof sloShape>;

/** The schema with the rules between its parts. */
export const sloDocument = sloShape.superRefine((document, context) => {
  for (const { path, message } of violations(document)) context.addIssue({ code: 'custom', path, message });
});

interface Violation {
  path: (string | number)[];
  message: string;
}

function violations({ spec }: SloDocument): Violation[] {
  const [goal] = spec.objectives;
  const [window] = spec.timeWindow;
  return [
    ...indicatorViolations(spec),
    ...(goal === undefined ? [] : objectiveViolations(spec, goal)),
    ...(window === undefined ? [] : windowViolations(window)),
  ];
}

function indicatorViolations({ indicator: { spec } }: SloDocument['spec']): Violation[] {
  const path = ['spec', 'indicator', 'spec'];
  const { ratioMetric: ratio, thresholdMetric } = spec;
  if ((ratio === undefined) === (thresholdMetric === undefined))
    return [{ path, message: 'exactly one of ratioMetric and thresholdMetric is required' }];
  return ratio !== undefined && (ratio.good === undefined) === (ratio.bad === undefined)
    ? [{ path: [...path, 'ratioMetric'], message: 'exactly one of good and bad is required, beside total' }]
    : [];
}

function objectiveViolations(spec: SloDocument['spec'], goal: z.infer<typeof objective>): Violation[] {
  const path = ['spec', 'objectives', 0];
  const found: Violation[] = [];
  if ((goal.target === undefined) === (goal.targetPercent === undefined))
    found.push({ path, message: 'exactly one of target and targetPercent is required' });
  const sliced = [goal.timeSliceTarget, goal.timeSliceWindow].filter((one) => one !== undefined).length;
  if (spec.budgetingMethod === 'Timeslices' && sliced < 2)
    found.push({ path, message: 'Timeslices needs timeSliceTarget and timeSliceWindow' });
  if (spec.budgetingMethod === 'Occurrences' && sliced > 0)
    found.push({ path, message: 'Occurrences has no timeSliceTarget and no timeSliceWindow' });
  const held = [goal.op, goal.value].filter((one) => one !== undefined).length;
  const threshold = spec.indicator.spec.thresholdMetric !== undefined;
  if (threshold && held < 2) found.push({ path, message: 'a thresholdMetric needs op and value' });
  if (!threshold && held > 0) found.push({ path, message: 'a ratioMetric has no op and no value' });
  return found;
}

function windowViolations({ duration, isRolling, calendar }: z.infer<typeof timeWindow>): Violation[] {
  const path = ['spec', 'timeWindow', 0];
  if (isRolling && calendar !== undefined)
    return [{ path: [...path, 'calendar'], message: 'a rolling window has no calendar' }];
  if (!isRolling && calendar === undefined)
    return [{ path, message: 'a window that is not rolling needs a calendar' }];
  const allowed = isRolling ? FIXED : CALENDAR;
  if (allowed.test(duration)) return [];
  const units = isRolling
    ? 'the duration of a rolling window is in m, h, d or w'
    : 'the duration of a calendar window is in d, w, M, Q or Y';
  return [{ path: [...path, 'duration'], message: units }];
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
