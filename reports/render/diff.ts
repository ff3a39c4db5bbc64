import { runWord } from '../record/compose.ts';
import { summaryOf } from '../record/trials.ts';
import type { CheckResult, Interval, RunRecord } from '../record/run-record.ts';
import type { Verdict } from '../record/verdict.ts';
import { CHECK_WORDS, GLYPHS, lostText, oneLine, secondsOf } from './text.ts';

export interface CheckChange {
  id: string;
  before: Verdict | null;
  after: Verdict | null;
  reason: string;
}

export interface RtoChange {
  id: string;
  beforeMs: number | null;
  afterMs: number | null;
  /** Over the trials that were read back; null: none was, and unknown is not zero. */
  lostBefore: number | null;
  lostAfter: number | null;
  /** Lost writes in words, with how many trials were read back. */
  lost: { before: string; after: string };
}

export interface RunDiff {
  /** Verdicts of the two runs. */
  verdict: { before: Verdict; after: Verdict };
  worse: CheckChange[];
  better: CheckChange[];
  /** Failed before, inconclusive now. */
  unknown: CheckChange[];
  /** Not run before or not run now: neither better nor worse. */
  otherwise: CheckChange[];
  /** Ids of checks that only one of the two records lists. */
  added: string[];
  removed: string[];
  goals: { id: string; before: string; after: string }[];
  /** Worst RTO and lost writes of failover checks that ran in both, where they differ by more than the sampling. */
  failover: RtoChange[];
  notes: string[];
  text: string;
}

const RANK: Record<Verdict, number> = { fail: 0, inconclusive: 1, 'not-run': 1, pass: 2 };

/** A failure that could not be looked at again is not known to be gone. */
const isUnknown = ({ before, after }: CheckChange): boolean => before === 'fail' && after === 'inconclusive';

/** What changed from `baseline` to `run`. Pure: both are records as they were written. */
export function diffRuns(run: RunRecord, baseline: RunRecord): RunDiff {
  const before = new Map(baseline.checks.map((check) => [check.id, check]));
  const after = new Map(run.checks.map((check) => [check.id, check]));
  const both = run.checks.flatMap((check) => {
    const old = before.get(check.id);
    return old === undefined ? [] : [{ old, now: check }];
  });
  const changes = both.filter(({ old, now }) => old.verdict !== now.verdict).map(changeOf);
  const silent = (change: CheckChange): boolean => change.before === 'not-run' || change.after === 'not-run';
  const diff = {
    verdict: { before: baseline.verdict, after: run.verdict },
    worse: changes.filter((change) => !silent(change) && rank(change.after) < rank(change.before)),
    better: changes.filter(
      (change) => !silent(change) && !isUnknown(change) && rank(change.after) > rank(change.before),
    ),
    unknown: changes.filter(isUnknown),
    otherwise: changes.filter(silent),
    added: run.checks.filter((check) => !before.has(check.id)).map((check) => check.id),
    removed: baseline.checks.filter((check) => !after.has(check.id)).map((check) => check.id),
    goals: both
      .filter(({ old, now }) => old.goal !== now.goal)
      .map(({ old, now }) => ({ id: now.id, before: old.goal, after: now.goal })),
    failover: both.flatMap(({ old, now }) => rtoChange(old, now)),
    notes: notesOf(run, baseline),
  };
  return { ...diff, text: textOf(diff, run, baseline) };
}

const rank = (verdict: Verdict | null): number => (verdict === null ? 1 : RANK[verdict]);

function changeOf({ old, now }: { old: CheckResult; now: CheckResult }): CheckChange {
  return { id: now.id, before: old.verdict, after: now.verdict, reason: now.reason };
}

function rtoChange(old: CheckResult, now: CheckResult): RtoChange[] {
  const [was, is] = [summaryOf(old.trials), summaryOf(now.trials)];
  const [before, after] = [was.worstRto, is.worstRto];
  if (before === undefined || after === undefined) return [];
  const change = {
    id: now.id,
    beforeMs: before?.hiMs ?? null,
    afterMs: after?.hiMs ?? null,
    lostBefore: was.lost,
    lostAfter: is.lost,
    lost: { before: lostText(old.trials), after: lostText(now.trials) },
  };
  return overlap(before, after) && change.lost.before === change.lost.after ? [] : [change];
}

/** Overlapping intervals may hold the same true value, so they count as unchanged. */
function overlap(a: Interval | null, b: Interval | null): boolean {
  return a === null || b === null ? a === b : a.loMs <= b.hiMs && b.loMs <= a.hiMs;
}

const saidOf = (is: boolean | undefined): string => (is === true ? 'yes' : 'no');

/** A commit may judge otherwise than the one before it, under the same version. */
const builtFrom = ({ harness: { version, commit } }: RunRecord): string =>
  commit === null ? version : `${version} (${commit.slice(0, 12)})`;

function notesOf(run: RunRecord, baseline: RunRecord): string[] {
  const pairs: [string, string | null, string | null][] = [
    ['environment', baseline.environment.name, run.environment.name],
    ['size', baseline.environment.size, run.environment.size],
    ['cluster', baseline.environment.clusterUid, run.environment.clusterUid],
    ['cluster version', baseline.environment.clusterVersion, run.environment.clusterVersion],
    ['profile', baseline.profile, run.profile],
    ['scope', baseline.scope, run.scope],
    ['read only', saidOf(baseline.readOnly), saidOf(run.readOnly)],
    ['blocked', baseline.blocked ?? null, run.blocked ?? null],
    ['interrupted', baseline.interrupted, run.interrupted],
    ['harness', builtFrom(baseline), builtFrom(run)],
  ];
  return pairs
    .filter(([, old, now]) => old !== now)
    .map(([what, old, now]) => `${what}: ${old ?? 'none'} → ${now ?? 'none'}`);
}

function textOf(diff: Omit<RunDiff, 'text'>, run: RunRecord, baseline: RunRecord): string {
  const word = (verdict: Verdict | null): string => (verdict === null ? 'absent' : CHECK_WORDS[verdict]);
  const change = (one: CheckChange): string =>
    `  ${GLYPHS[one.after ?? 'not-run']} ${one.id}: ${word(one.before)} → ${word(one.after)}${one.after === 'pass' ? '' : ` (${one.reason})`}`;
  const rto = (ms: number | null): string => (ms === null ? 'never steady again' : secondsOf(ms));
  const parts: [string, string[]][] = [
    // First: whoever reads on must know whether the runs can be compared.
    ['Different conditions', diff.notes.map((note) => `  ${note}`)],
    ['Worse', diff.worse.map(change)],
    ['Better', diff.better.map(change)],
    ['Failed before, not known now', diff.unknown.map(change)],
    ['Ran in only one of the two runs', diff.otherwise.map(change)],
    [
      'Failover',
      diff.failover.map(
        (one) =>
          `  ${one.id}: worst RTO ${rto(one.beforeMs)} → ${rto(one.afterMs)}, lost ${one.lost.before} → ${one.lost.after}`,
      ),
    ],
    ['Goals changed', diff.goals.map((one) => `  ${one.id}: ${one.before} → ${one.after}`)],
    ['New checks', diff.added.map((id) => `  ${id}`)],
    ['Checks gone', diff.removed.map((id) => `  ${id}`)],
  ];
  const sections = parts
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${oneLine(line)}`).join('\n')}`);
  const head = `${runWord(baseline)} (${oneLine(baseline.id)}) → ${runWord(run)} (${oneLine(run.id)})`;
  return `${[head, ...(sections.length > 0 ? sections : ['Nothing changed.'])].join('\n\n')}\n`;
}
