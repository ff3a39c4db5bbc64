import type { CheckResult, FailoverRecord, RunRecord } from '../../../reports/record/run-record.ts';
import { worst } from '../../../reports/record/verdict.ts';
import type { Verdict } from '../../../reports/record/verdict.ts';

type Attributes = Record<string, string | number | boolean>;

/** A span of the trace of a run, before anything is sent. Times are wall clock, ms since the epoch. */
export interface SpanPlan {
  name: string;
  kind: 'server' | 'internal';
  startMs: number;
  endMs: number;
  attributes: Attributes;
  events: { name: string; atMs: number; attributes: Attributes }[];
  /** Why it is an error; null: it is none. */
  error: string | null;
  children: SpanPlan[];
}

/** Longest text in a span, characters: names and reasons come from the cluster too. */
const MAX_TEXT = 500;
/** Most spans of one run; a series of a hundred trials has fewer. The number left out is an attribute of the root. */
const MAX_SPANS = 5_000;

/** `cicd.pipeline.result` and `cicd.pipeline.task.run.result`, OpenTelemetry semantic conventions 1.45. */
const RESULTS: Record<Verdict, string> = {
  pass: 'success',
  fail: 'failure',
  inconclusive: 'error',
  'not-run': 'skip',
};
/** `test.suite.run.status` has no value for inconclusive; "aborted" comes closest. */
const SUITE_STATUS: Record<Verdict, string> = {
  pass: 'success',
  fail: 'failure',
  inconclusive: 'aborted',
  'not-run': 'skipped',
};

/**
 * A run as a trace: run → suite → check → phase (its steps; of a failover trial the outages too). Attributes follow OpenTelemetry's
 * conventions for CI/CD and tests; those that they lack begin with `plumbline.`. A check that was not run has no time, and so no span.
 */
export function spansOf(record: RunRecord): SpanPlan {
  const startMs = Date.parse(record.startedAt);
  const run: SpanPlan = {
    ...plain(`RUN ${pipelineOf(record)}`, startMs, Date.parse(record.endedAt)),
    kind: 'server',
    attributes: {
      'cicd.pipeline.name': pipelineOf(record),
      'cicd.pipeline.run.id': record.id,
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.result': record.interrupted === null ? RESULTS[record.verdict] : 'cancellation',
      ...errorType(record.verdict),
      'plumbline.verdict': record.verdict,
      'plumbline.exit_code': record.exitCode,
      'plumbline.sentence': cut(record.sentence),
    },
    error: errorOf(record.verdict, record.sentence),
    children: suitesOf(record).filter((suite) => suite.children.length > 0),
  };
  const left = trim(run);
  if (left > 0) run.attributes['plumbline.spans_left_out'] = left;
  return run;
}

/** Low cardinality: only names of profiles, or `selection`. A selection of a profile is not the profile. */
function pipelineOf({ profile, scope }: RunRecord): string {
  return `plumbline ${scope === 'selection' || profile === null ? 'selection' : profile}`;
}

function suitesOf({ checks }: RunRecord): SpanPlan[] {
  return [...new Set(checks.map(({ suite }) => suite))].map((name) => {
    const own = checks.filter(({ suite }) => suite === name);
    const children = own.flatMap(checkSpan);
    const verdict = worst(own.map((check) => check.verdict));
    const notRun = own.filter((check) => check.verdict === 'not-run').length;
    const startMs = Math.min(...children.map((child) => child.startMs));
    const endMs = Math.max(...children.map((child) => child.endMs));
    return {
      ...plain(`suite ${name}`, startMs, endMs),
      attributes: {
        'test.suite.name': name,
        'test.suite.run.status': SUITE_STATUS[verdict],
        'plumbline.verdict': verdict,
        'plumbline.checks.not_run': notRun,
      },
      error: errorOf(verdict, `${verdict}: see its checks`),
      children,
    };
  });
}

function checkSpan(check: CheckResult): SpanPlan[] {
  if (check.startedAt === null || check.verdict === 'not-run') return [];
  const startMs = Date.parse(check.startedAt);
  const endMs = startMs + check.durationMs;
  const status = { pass: 'pass', fail: 'fail', inconclusive: undefined }[check.verdict];
  return [
    {
      ...plain(check.id, startMs, endMs),
      attributes: {
        'test.suite.name': check.suite,
        'test.case.name': check.id,
        // The conventions have pass and fail only; any other verdict sets no status.
        ...(status !== undefined && { 'test.case.result.status': status }),
        'cicd.pipeline.task.name': check.id,
        'cicd.pipeline.task.type': 'test',
        'cicd.pipeline.task.run.result': RESULTS[check.verdict],
        ...errorType(check.verdict),
        'plumbline.verdict': check.verdict,
        'plumbline.required': check.required,
        'plumbline.reason': cut(check.reason),
        'plumbline.api_calls': check.apiCalls,
        ...(check.stubbed.length > 0 && { 'plumbline.stubbed': check.stubbed.join(', ') }),
        ...(check.notMet !== undefined && { 'plumbline.not_met': check.notMet.join(', ') }),
      },
      events: check.trials.flatMap(phaseEvents),
      error: errorOf(check.verdict, check.reason),
      children: [...check.steps.flatMap(stepSpan), ...check.trials.flatMap(outageSpans)],
    },
  ];
}

/** A step whose start was not recorded has no span. */
function stepSpan({ title, durationMs, startedAt, error }: CheckResult['steps'][number]): SpanPlan[] {
  if (startedAt === undefined) return [];
  const startMs = Date.parse(startedAt);
  return [
    {
      ...plain(cut(title), startMs, startMs + durationMs),
      attributes: { 'plumbline.phase': 'step' },
      error: error === undefined ? null : cut(error),
    },
  ];
}

/** Phases of the store in a trial, as span events, each with its polling error. */
function phaseEvents({ zeroAt, trial, phases }: FailoverRecord): SpanPlan['events'] {
  if (zeroAt === undefined) return [];
  const zeroMs = Date.parse(zeroAt);
  return phases.flatMap(({ name, atMs, errorMs }) =>
    atMs === null
      ? []
      : [
          {
            name,
            atMs: zeroMs + atMs,
            attributes: { 'plumbline.trial': trial, 'plumbline.error_seconds': errorMs / 1000 },
          },
        ],
  );
}

/** Outages that clients saw. One that never ended has no end to draw. */
function outageSpans({ zeroAt, trial, store, fault, outages }: FailoverRecord): SpanPlan[] {
  if (zeroAt === undefined) return [];
  const zeroMs = Date.parse(zeroAt);
  return outages.flatMap(({ lastOkMs, firstOkMs, failed, unknown }) =>
    firstOkMs === null
      ? []
      : [
          {
            ...plain(`outage of ${store}`, zeroMs + lastOkMs, zeroMs + firstOkMs),
            attributes: {
              'plumbline.phase': 'outage',
              'plumbline.store': store,
              'plumbline.fault': fault,
              'plumbline.trial': trial,
              'plumbline.operations.failed': failed,
              'plumbline.operations.unknown': unknown,
            },
          },
        ],
  );
}

function plain(name: string, startMs: number, endMs: number): SpanPlan {
  const span = { name, startMs, endMs: Math.max(startMs, endMs), attributes: {}, events: [], children: [] };
  return { ...span, kind: 'internal', error: null };
}

function errorType(verdict: Verdict): Attributes {
  return verdict === 'fail' || verdict === 'inconclusive' ? { 'error.type': verdict } : {};
}

function errorOf(verdict: Verdict, reason: string): string | null {
  return verdict === 'fail' || verdict === 'inconclusive' ? cut(reason) : null;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

/** Drops phases, the last ones first, if there are too many spans; suites and checks are few. Returns how many. */
function trim(run: SpanPlan): number {
  const checks = run.children.flatMap((suite) => suite.children);
  const phases = checks.reduce((sum, check) => sum + check.children.length, 0);
  const room = Math.max(0, MAX_SPANS - 1 - run.children.length - checks.length);
  let over = Math.max(0, phases - room);
  const left = over;
  for (const check of checks.toReversed()) {
    const drop = Math.min(over, check.children.length);
    if (drop > 0) check.children.length -= drop;
    over -= drop;
  }
  return left;
}
