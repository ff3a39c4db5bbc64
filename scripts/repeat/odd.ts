/** What several runs of one environment that nobody broke say of the harness: verdicts that are not the same each time. Pure. */
import { proportionBounds } from '../../reports/judge/statistics.ts';
import type { CheckResult, RunRecord } from '../../reports/record/run-record.ts';
import type { Verdict } from '../../reports/record/verdict.ts';
import { busyText } from '../../reports/judge/busy.ts';
import type { Pressure } from '../../reports/record/pressure.ts';
import { pressureText } from '../../reports/render/text.ts';

export interface RepeatedRun {
  record: RunRecord;
  /** Pressure on this machine during the run; null: it was not measured. */
  pressure: Pressure | null;
}

/** One check in one run, where its verdict is not the usual one. */
export interface OddOne {
  run: string;
  verdict: Verdict;
  reason: string;
  seen: string;
  /** During the check; of the whole run where a check does not tell. */
  pressure: Pressure | null;
  /** The machine was too busy: that explains it. */
  busy: boolean;
}

export interface CheckSeries {
  id: string;
  verdicts: Partial<Record<Verdict, number>>;
  usual: Verdict;
  odd: OddOne[];
}

export interface Series {
  runs: number;
  checks: CheckSeries[];
  /** Of all verdicts of checks that ran. */
  judged: number;
  falseFails: number;
  /** One-sided 95 % bound (Clopper-Pearson) of the share of verdicts that are false fails. */
  falseFailsUpper: number;
  /** Runs in which any check failed, and the bound of their share: runs are independent, checks of one run are not. */
  runsWithFails: number;
  runsWithFailsUpper: number;
  /** Odd verdicts that a machine which was too busy explains. */
  byBusyMachine: number;
}

/** `not-run` says nothing of a check. Nothing is broken, so that every fail is a false one. */
export function seriesOf(runs: readonly RepeatedRun[]): Series {
  const ids = [...new Set(runs.flatMap(({ record }) => record.checks.map(({ id }) => id)))];
  const checks = ids.map((id) => checkSeries(id, runs)).filter((one) => one !== null);
  const judged = checks.reduce((sum, { verdicts }) => sum + countOf(verdicts), 0);
  const falseFails = checks.reduce((sum, { verdicts }) => sum + (verdicts.fail ?? 0), 0);
  const runsWithFails = runs.filter(({ record }) =>
    record.checks.some(({ verdict }) => verdict === 'fail'),
  ).length;
  return {
    runs: runs.length,
    checks,
    judged,
    falseFails,
    falseFailsUpper: upper(falseFails, judged),
    runsWithFails,
    runsWithFailsUpper: upper(runsWithFails, runs.length),
    byBusyMachine: checks.flatMap(({ odd }) => odd).filter(({ busy }) => busy).length,
  };
}

/** Of nothing anything may be true. */
function upper(found: number, of: number): number {
  return of === 0 ? 1 : proportionBounds(found, of).upper;
}

function countOf(verdicts: CheckSeries['verdicts']): number {
  return Object.values(verdicts).reduce((sum, count) => sum + count, 0);
}

function checkSeries(id: string, runs: readonly RepeatedRun[]): CheckSeries | null {
  const results = runs.flatMap((run): { run: RepeatedRun; result: CheckResult }[] => {
    const result = run.record.checks.find((one) => one.id === id);
    return result === undefined || result.verdict === 'not-run' ? [] : [{ run, result }];
  });
  if (results.length === 0) return null;
  const verdicts: CheckSeries['verdicts'] = {};
  for (const { result } of results) verdicts[result.verdict] = (verdicts[result.verdict] ?? 0) + 1;
  const usual = results.reduce(
    (best: Verdict, { result: { verdict } }) =>
      (verdicts[verdict] ?? 0) > (verdicts[best] ?? 0) ? verdict : best,
    results[0]?.result.verdict ?? 'pass',
  );
  const odd = results
    .filter(({ result }) => result.verdict !== usual || result.verdict === 'fail')
    .map(({ run, result }) => ({
      run: run.record.id,
      verdict: result.verdict,
      reason: result.reason,
      seen: result.seen,
      pressure: result.pressure ?? run.pressure,
      busy: busyText(result.pressure) !== null,
    }));
  return { id, verdicts, usual, odd };
}

/** A table of what is odd, each odd verdict with its reason and the pressure meanwhile. */
export function renderSeries(series: Series): string {
  const { checks, runs } = series;
  const odd = checks.filter((one) => one.odd.length > 0);
  const lines = [
    `${runs} runs, ${checks.length} checks, ${series.judged} verdicts`,
    `fails of an environment that nobody broke: ${series.falseFails} of ${series.judged} verdicts (at most ${percent(series.falseFailsUpper)} at 95 %), in ${series.runsWithFails} of ${runs} runs (at most ${percent(series.runsWithFailsUpper)})`,
    odd.length === 0
      ? 'every check came to the same verdict each time'
      : `checks that did not: ${odd.length}`,
  ];
  if (series.byBusyMachine > 0)
    lines.push(`verdicts of them that a machine which was too busy explains: ${series.byBusyMachine}`);
  for (const { id, verdicts, odd: ones } of odd) {
    const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
    lines.push('', `${id}: ${counts.join(', ')}`);
    for (const one of ones)
      lines.push(
        `  ${one.run}: ${one.verdict}: ${one.reason}`,
        `    seen: ${one.seen}`,
        `    ${one.pressure === null ? 'pressure: not measured' : pressureText(one.pressure)}${one.busy ? ': the machine was too busy' : ''}`,
      );
  }
  return `${lines.join('\n')}\n`;
}

const percent = (ratio: number): string => `${Math.ceil(ratio * 1000) / 10} %`;
