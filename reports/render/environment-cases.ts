import { leftBroken, reasonLine } from '../record/compose.ts';
import type { RunRecord } from '../record/run-record.ts';

/** A case of a report for CI that belongs to no check. */
export interface EnvironmentCase {
  name: string;
  verdict: 'fail' | 'inconclusive';
  /** At least one; the first is its message. */
  texts: readonly string[];
}

/** The suite that holds them. */
export const ENVIRONMENT_SUITE = 'environment';

/**
 * Cases for what is wrong with a run although every check may have passed: a page that shows cases alone must be red for it. An environment that was
 * left broken comes first; then every other reason of no check, and required checks that were not run, which are only skipped cases themselves.
 */
export function environmentCases(record: RunRecord): EnvironmentCase[] {
  const broken = leftBroken(record.restored);
  const notRun = new Set(
    record.checks.filter(({ required, verdict }) => required && verdict === 'not-run').map(({ id }) => id),
  );
  const ofRun = record.reasons
    .filter(({ check, text }) => (check === null ? !broken.includes(text) : notRun.has(check)))
    .map(reasonLine);
  const cases: EnvironmentCase[] = [
    { name: 'as it was before', verdict: 'fail', texts: broken },
    { name: 'the run itself', verdict: 'inconclusive', texts: ofRun },
  ];
  return cases.filter(({ texts }) => texts.length > 0);
}
