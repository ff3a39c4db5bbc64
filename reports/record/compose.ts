import type { CheckResult, Reason, RunRecord } from './run-record.ts';
import { worst } from './verdict.ts';
import type { Scope, Verdict } from './verdict.ts';

/** What a run's verdict depends on besides its checks. */
export interface ComposeContext {
  /** Name of the environment; the sentence begins with it. */
  environment: string;
  /** Whether this is a whole profile: a selection of checks is never met, it passes or fails. */
  scope: Scope;
  /** The run could make and change nothing (`--read-only`). */
  readOnly?: boolean | undefined;
  /** Why the environment could not be queried; null or left out: it could. */
  blocked?: string | null | undefined;
  /** Signal that ended the run early, e.g. `SIGINT`; null when it ran to its end. */
  interrupted?: string | null;
  /** What went wrong in the harness itself, so that nothing is known to have been seen whole; null or left out: nothing. */
  harnessFailure?: string | null | undefined;
  /** What was not restored. An environment that is left broken makes the run fail, whatever its checks said. */
  restored?: RunRecord['restored'];
}

export interface Composition {
  verdict: Verdict;
  /** Why the verdict is not better; empty for a run that met everything. */
  reasons: Reason[];
  /** One sentence with fractions. */
  sentence: string;
  /** 0 met, 1 not met, 2 inconclusive, 3 the harness failed, 129, 130 and 143 interrupted. */
  exitCode: number;
}

const RUN_WORDS: Record<Scope, Record<Verdict, string>> = {
  profile: { pass: 'MET', fail: 'NOT MET', inconclusive: 'INCONCLUSIVE', 'not-run': 'INCONCLUSIVE' },
  selection: { pass: 'passed', fail: 'failed', inconclusive: 'inconclusive', 'not-run': 'inconclusive' },
};

/** The word for the verdict of a run: only a whole profile is `MET`. */
export function runWord({ verdict, scope }: { verdict: Verdict; scope: Scope }): string {
  return RUN_WORDS[scope][verdict];
}

/** The title of the reasons for a verdict that is no pass. A selection is never met, so that it cannot be not met either. */
export function whyTitle({ verdict, scope }: { verdict: Verdict; scope: Scope }): string {
  if (scope === 'profile') return 'Why not met';
  return verdict === 'fail' ? 'Why it failed' : 'Why it is inconclusive';
}

/** Longest quotation in the sentence of a run; `reasons` holds the whole text. */
const FIRST_CHARACTERS = 200;

const EXIT_CODES: Record<Verdict, number> = { pass: 0, fail: 1, inconclusive: 2, 'not-run': 2 };
/** 128 + signal number, as shells report it. */
const SIGNAL_CODES: Record<string, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const HARNESS_FAILED = 3;

/** Counts of checks by verdict, and those of `not-run` that matter for the sentence. */
export interface Tally {
  pass: number;
  fail: number;
  inconclusive: number;
  notRun: number;
  /** Checks that came to a verdict: pass, fail and inconclusive. */
  ran: number;
  notBuilt: number;
  requiredNotRun: number;
}

/** True for a check that this version of Plumbline does not have yet. */
export function isNotBuilt(check: Pick<CheckResult, 'verdict' | 'built'>): boolean {
  return check.verdict === 'not-run' && !check.built;
}

export function tally(checks: readonly CheckResult[]): Tally {
  const of = (verdict: Verdict): CheckResult[] => checks.filter((check) => check.verdict === verdict);
  const notRun = of('not-run');
  return {
    pass: of('pass').length,
    fail: of('fail').length,
    inconclusive: of('inconclusive').length,
    notRun: notRun.length,
    ran: checks.length - notRun.length,
    notBuilt: notRun.filter(isNotBuilt).length,
    requiredNotRun: notRun.filter((check) => check.required).length,
  };
}

/**
 * The verdict of a run: the worst of its checks, where `not-run` does not count. A run is inconclusive at best if a required check was
 * not run, none was run, it was interrupted, or the harness failed. An environment that was not restored is a failure and comes first: whoever reads one
 * sentence must learn that it is broken.
 */
export function composeRun(checks: readonly CheckResult[], context: ComposeContext): Composition {
  const counts = tally(checks);
  const broken = leftBroken(context.restored);
  const gaps = gapsOf(checks, counts, context);
  const verdict = worst([
    ...checks.map((check) => check.verdict),
    ...gaps.map(() => 'inconclusive' as const),
    ...broken.map(() => 'fail' as const),
  ]);
  const failed = checks.filter((check) => check.verdict === 'fail');
  const open = checks.filter((check) => check.verdict === 'inconclusive');
  return {
    verdict,
    reasons: [...broken.map(ofNone), ...reasonsOf([...failed, ...open], context), ...gaps],
    sentence: sentenceOf(context, verdict, counts),
    exitCode: exitCodeOf(verdict, context),
  };
}

function exitCodeOf(verdict: Verdict, { harnessFailure, interrupted }: ComposeContext): number {
  if (typeof harnessFailure === 'string') return HARNESS_FAILED;
  return SIGNAL_CODES[interrupted ?? ''] ?? EXIT_CODES[verdict];
}

/** What blocks every check is one reason, not one per check. */
function reasonsOf(checks: readonly CheckResult[], { blocked }: ComposeContext): Reason[] {
  if (typeof blocked === 'string') return [ofNone(`the environment cannot be asked: ${blocked}`)];
  return checks.map(({ id, reason }) => ({ check: id, text: reason }));
}

function ofNone(text: string): Reason {
  return { check: null, text };
}

/** `topology/nodes/pools: 2 of 3 nodes`; the text alone if the reason belongs to no single check. */
export function reasonLine({ check, text }: Reason): string {
  return check === null ? text : `${check}: ${text}`;
}

/** Every reason against `met` other than the verdicts of checks. */
function gapsOf(checks: readonly CheckResult[], counts: Tally, context: ComposeContext): Reason[] {
  const required = checks
    .filter((check) => check.required && check.verdict === 'not-run')
    .map(({ id, reason }) => ({ check: id, text: `required, but not run (${reason})` }));
  const gaps = typeof context.harnessFailure === 'string' ? [context.harnessFailure] : [];
  if (counts.ran === 0) gaps.push('no check was run');
  if (context.interrupted) gaps.push(`interrupted by ${context.interrupted} before all checks had run`);
  const unseen = (context.restored?.unseen ?? []).map(
    (what) => `could not be observed after the run: ${what}`,
  );
  return [...required, ...[...gaps, ...unseen].map(ofNone)];
}

/** What was not restored after the run; empty: nothing is known to be broken. */
export function leftBroken(restored: RunRecord['restored'] | undefined): string[] {
  if (!restored) return [];
  const broken = restored.failed.map((action) => `not restored: ${action}`);
  if (restored.steadyAgain === false) broken.push('the environment was not steady again after the run');
  return broken;
}

/**
 * `local: MET, 15 of 15 checks, 61 not run (57 not written yet)`, or `local: selection of 3: passed, 3 of 3 checks`, or, where the run only read,
 * `staging, read only: failed; 6 of 110 checks looked: 4 passed, 1 failed, 1 inconclusive`. An environment that was left broken comes before the
 * counts.
 */
function sentenceOf(context: ComposeContext, verdict: Verdict, counts: Tally): string {
  const { environment, scope } = context;
  const all = counts.ran + counts.notRun;
  const word = runWord({ verdict, scope });
  const said = [
    ...brokenInOne(leftBroken(context.restored)),
    ...(typeof context.blocked === 'string'
      ? [`the environment cannot be asked (${cut(context.blocked)})`]
      : []),
  ];
  const ended = [
    ...(typeof context.harnessFailure === 'string' ? ['the harness failed'] : []),
    ...(context.interrupted ? [`interrupted by ${context.interrupted}`] : []),
  ];
  if (context.readOnly === true) {
    const begin = [`${environment}, read only: ${word}`, ...said].join(', ');
    return `${begin}; ${[`${counts.ran} of ${all} checks looked${lookedDetail(counts)}`, ...ended].join(', ')}`;
  }
  const what = scope === 'selection' ? `${environment}: selection of ${all}` : environment;
  const parts = [`${what}: ${word}`, ...said, `${counts.pass} of ${counts.ran} checks`];
  if (counts.fail > 0) parts.push(`${counts.fail} failed`);
  if (counts.inconclusive > 0) parts.push(`${counts.inconclusive} inconclusive`);
  if (counts.notRun > 0) parts.push(`${counts.notRun} not run${notRunDetail(counts)}`);
  return [...parts, ...ended].join(', ');
}

/** `: 4 passed, 1 failed`; that others were not run is in the counts before it, but for those that had to. */
function lookedDetail({ pass, fail, inconclusive, requiredNotRun }: Tally): string {
  const parts = [
    ...(pass > 0 ? [`${pass} passed`] : []),
    ...(fail > 0 ? [`${fail} failed`] : []),
    ...(inconclusive > 0 ? [`${inconclusive} inconclusive`] : []),
    ...(requiredNotRun > 0 ? [`${requiredNotRun} required and not run`] : []),
  ];
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

/** The first in full, with the number of the others, so that nobody takes it for the only one. */
function brokenInOne([first, ...more]: readonly string[]): string[] {
  if (first === undefined) return [];
  return [`ENVIRONMENT LEFT BROKEN (${cut(first)}${more.length === 0 ? '' : `; and ${more.length} more`})`];
}

function cut(text: string): string {
  return text.length > FIRST_CHARACTERS ? `${text.slice(0, FIRST_CHARACTERS)}…` : text;
}

function notRunDetail(counts: Tally): string {
  const details: string[] = [];
  if (counts.notBuilt > 0) details.push(`${counts.notBuilt} not written yet`);
  if (counts.requiredNotRun > 0) details.push(`${counts.requiredNotRun} required`);
  return details.length > 0 ? ` (${details.join(', ')})` : '';
}
