/** How checks of a `plumbline run` ended, read from its record: its exit code and its sum say nothing of a check that was not selected. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runRecordSchema } from '../../reports/record/run-record.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import type { Counts } from './runners.ts';

export interface CheckCounts {
  counts: Counts;
  /** `telemetry/dashboards: fail: not there`; one line for each that failed. */
  failures: string[];
}

/**
 * Counts each of the wanted checks by its verdict in a record: one that was not run is skipped, one that is not in the record has failed.
 * @param folder that was given to `run --out`; its last run is read.
 * @returns null if there is no record, or one that cannot be read, such as that of a run that was cut off
 */
export function countChecks(folder: string, wanted: readonly string[]): CheckCounts | null {
  let checks: RunRecord['checks'];
  try {
    const text = readFileSync(path.join(folder, 'latest', 'run.json'), 'utf8');
    ({ checks } = runRecordSchema.parse(JSON.parse(text)));
  } catch {
    return null;
  }
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  for (const id of wanted) {
    const check = checks.find((one) => one.id === id);
    const ended = check?.verdict === 'pass' ? 'passed' : check?.verdict === 'not-run' ? 'skipped' : 'failed';
    counts[ended] += 1;
    if (ended === 'failed')
      failures.push(
        `${id}: ${check === undefined ? 'no such check in the record' : `${check.verdict}: ${check.reason}`}`,
      );
  }
  return { counts, failures };
}
