import assert from 'node:assert/strict';
import type { FailoverRecord } from '../reports/record/run-record.ts';

/** The writes of a trial, whose four sums must be exact. */
export function exactSums(record: FailoverRecord): NonNullable<FailoverRecord['writes']> {
  const w = record.writes ?? assert.fail(`no sums: ${record.reason}`);
  assert.equal(w.scheduled, w.ok + w.fail + w.unknown + w.unsent);
  assert.equal(w.ok, w.present + w.lost);
  assert.equal(w.unknown, w.recovered + w.absent);
  assert.equal(w.fail, w.failAbsent + w.unexpected);
  return w;
}
