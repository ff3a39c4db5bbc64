/** What the failover judge says of a trial that a test drives by itself: one without the stages, budgets and plans that only a run records. */
import '../probes/declared-stores.ts';
import type { History } from '../reports/record/history/history.ts';
import type { FailoverRecord } from '../reports/record/run-record.ts';
import { recordBy } from '../suites/failover/_judge/index.ts';
import { measure } from '../suites/failover/_judge/record.ts';
import { rulesOf } from '../suites/failover/_judge/verdict.ts';

/** The record by the rules about the store and its clients alone. */
export function trialRecord(history: History): FailoverRecord {
  const measured = measure(history);
  return recordBy(rulesOf(measured.evidence), measured);
}
