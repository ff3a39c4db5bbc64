import { reasonLine } from '../record/compose.ts';
import type { CheckResult, RunRecord } from '../record/run-record.ts';
import type { Verdict } from '../record/verdict.ts';
import { ENVIRONMENT_SUITE, environmentCases } from './environment-cases.ts';
import type { EnvironmentCase } from './environment-cases.ts';
import { details } from './junit.ts';
import { printable } from './text.ts';

/** CTRF 0.0.0, the published version of the Common Test Report Format (ctrf.io, schema/ctrf.schema.json). */
const SPEC_VERSION = '0.0.0';
/** CTRF has no word for inconclusive: `other` is neither passed nor failed, and `rawStatus` says what it was. */
const STATUS: Record<Verdict, 'passed' | 'failed' | 'skipped' | 'other'> = {
  pass: 'passed',
  fail: 'failed',
  inconclusive: 'other',
  'not-run': 'skipped',
};

/** The run as a CTRF document. Times are whole milliseconds since the epoch, as the schema asks. */
export function renderCtrf(record: RunRecord): string {
  const start = epoch(record.startedAt);
  const stop = epoch(record.endedAt);
  const more = environmentCases(record).map(environmentTest);
  const document = {
    reportFormat: 'CTRF',
    specVersion: SPEC_VERSION,
    timestamp: new Date(stop).toISOString(),
    generatedBy: `plumbline ${record.harness.version}`,
    results: {
      tool: { name: 'plumbline', version: record.harness.version },
      summary: { ...summary(record.checks, more.length), start, stop, duration: stop - start },
      tests: [...more, ...record.checks.map((check) => test(check))],
      environment: {
        appName: 'AI tender-authoring platform',
        testEnvironment: record.environment.name,
        ...(record.harness.commit === null ? {} : { commit: record.harness.commit }),
        extra: {
          kind: record.environment.kind,
          size: record.environment.size,
          clusterVersion: record.environment.clusterVersion,
          profile: record.profile,
          scope: record.scope,
          ...(record.readOnly === true && { readOnly: true }),
        },
      },
      extra: {
        run: record.id,
        verdict: record.verdict,
        sentence: printable(record.sentence),
        reasons: record.reasons.map((reason) => printable(reasonLine(reason))),
        exitCode: record.exitCode,
      },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function epoch(iso: string): number {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? 0 : time;
}

/** Failed whatever its verdict: `other` would leave a page that shows tests alone green. */
function environmentTest({ name, verdict, texts }: EnvironmentCase): Record<string, unknown> {
  return {
    name: `${ENVIRONMENT_SUITE}/${name}`,
    status: 'failed',
    rawStatus: verdict,
    duration: 0,
    suite: [ENVIRONMENT_SUITE],
    message: printable(texts[0] ?? ''),
    trace: printable(texts.join('\n')),
  };
}

/** @param more failed tests besides the checks */
function summary(checks: readonly CheckResult[], more: number): Record<string, number> {
  const counts: Record<string, number> = {
    tests: checks.length + more,
    passed: 0,
    failed: more,
    skipped: 0,
    pending: 0,
    other: 0,
  };
  for (const check of checks) {
    const status = STATUS[check.verdict];
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return { ...counts, suites: new Set(checks.map((check) => check.suite)).size };
}

function test(check: CheckResult): Record<string, unknown> {
  const durationMs = Math.round(check.durationMs);
  const times =
    check.startedAt === null
      ? {}
      : { start: epoch(check.startedAt), stop: epoch(check.startedAt) + durationMs };
  const told =
    check.verdict === 'pass' ? {} : { message: printable(check.reason), trace: printable(details(check)) };
  const tags = [
    check.required ? 'required' : '',
    ...check.stubbed.map((part) => `stubbed:${part}`),
    ...(check.notMet ?? []).map((product) => `not-met:${product}`),
  ].filter((tag) => tag !== '');
  return {
    name: printable(check.id),
    status: STATUS[check.verdict],
    rawStatus: check.verdict,
    duration: durationMs,
    ...times,
    suite: [check.suite],
    ...told,
    ...(tags.length > 0 ? { tags } : {}),
    ...(check.steps.length > 0
      ? {
          steps: check.steps.map((step) => ({
            name: printable(step.title),
            status: step.error === undefined ? 'passed' : 'failed',
          })),
        }
      : {}),
    extra: {
      title: printable(check.title),
      section: check.section,
      goal: printable(check.goal),
      goalSource: check.goalSource,
      figures: check.figures,
      ...(check.exemptions !== undefined && { exemptions: check.exemptions }),
      ...(check.unmatchedExemptions !== undefined && { unmatchedExemptions: check.unmatchedExemptions }),
      rerun: check.rerun,
    },
  };
}
