/** Finds verdicts that differ between runs of one unbroken environment: errors of the harness. Pure. */
import { proportionBounds } from '../../reports/judge/statistics.ts';
import type { CheckResult, RunRecord } from '../../reports/record/run-record.ts';
import type { Verdict } from '../../reports/record/verdict.ts';
import { busyText } from '../../reports/judge/busy.ts';
import type { Pressure } from '../../reports/record/pressure.ts';
import { pressureText } from '../../reports/render/text.ts';

export interface RepeatedRun {
  record: RunRecord;
  /** Pressure on this machine during the run; null if it was not measured. */
  pressure: Pressure | null;
}

/** A check's verdict in one run that differs from its usual verdict. */
export interface OddOne {
  run: string;
  verdict: Verdict;
  reason: string;
  seen: string;
  /** Pressure during the check, or during the whole run if the check has none. */
  pressure: Pressure | null;
  /** True if the machine was too busy, which explains the verdict. */
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
  /** Number of verdicts of checks that ran. */
  judged: number;
  falseFails: number;
  /** One-sided 95 % bound (Clopper-Pearson) of the share of false fails among the verdicts. */
  falseFailsUpper: number;
  /** Runs in which any check failed, and the bound of their share. Runs are independent; checks of one run are not. */
  runsWithFails: number;
  runsWithFailsUpper: number;
  /** Number of odd verdicts that a too busy machine explains. */
  byBusyMachine: number;
}

/** `not-run` does not count as a verdict. Nothing is broken, so every fail is false. */
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

/** Upper bound of a share; 1 without observations. */
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

/** The odd verdicts as text, with their reasons and the pressure at the time. */
export function renderSeries(series: Series): string {
  const { checks, runs } = series;
  const odd = checks.filter((one) => one.odd.length > 0);
  const lines = [
    `${runs} runs, ${checks.length} checks, ${series.judged} verdicts`,
    `false fails in an unbroken environment: ${series.falseFails} of ${series.judged} verdicts (at most ${percent(series.falseFailsUpper)} at 95 %), in ${series.runsWithFails} of ${runs} runs (at most ${percent(series.runsWithFailsUpper)})`,
    odd.length === 0
      ? 'every check had the same verdict each time'
      : `checks with differing verdicts: ${odd.length}`,
  ];
  if (series.byBusyMachine > 0)
    lines.push(`of these verdicts, explained by a machine that was too busy: ${series.byBusyMachine}`);
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
