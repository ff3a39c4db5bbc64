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
  const file = path.join(folder, 'latest', 'run.json');
  const checks = checksIn(file);
  if (checks === null) return null;
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  for (const id of wanted) {
    const check = checks.find((one) => one.id === id);
    if (check?.verdict === 'pass') counts.passed += 1;
    else if (check?.verdict === 'not-run') counts.skipped += 1;
    else {
      const why = check === undefined ? 'no such check in the record' : `${check.verdict}: ${check.reason}`;
      counts.failed += 1;
      failures.push(`${id}: ${why}`);
    }
  }
  return { counts, failures };
}

function checksIn(file: string): RunRecord['checks'] | null {
  try {
    return runRecordSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).checks;
  } catch {
    return null;
  }
}
