import type { FailoverRecord } from '../../record/run-record.ts';
import { acceptedRun } from '../../_testing/accepted.ts';

/** Deterministic noise in [0, 1): the same fixture on every machine. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898 + 78.233) * 43758.5453;
  return value - Math.floor(value);
}

interface TrialOptions {
  trial?: number;
  fault?: string;
  /** Length of the outage, ms; null: it never ended. */
  rtoMs?: number | null;
  election?: FailoverRecord['election'];
}

const [BACK] = acceptedRun('drill').checks.flatMap(({ trials }) => trials);
const NEVER = acceptedRun('not-met')
  .checks.flatMap(({ trials }) => trials)
  .find(({ rto }) => rto === null);

/** A failover trial of PostgreSQL that met its goals or, with `rtoMs: null`, never came back. */
export function fixtureTrial(options: TrialOptions = {}): FailoverRecord {
  const { trial = 1, fault = 'pod-crash', rtoMs = 4213, election = 'elsewhere' } = options;
  const base = rtoMs === null ? NEVER : BACK;
  if (base === undefined) throw new Error('the accepted runs have no such trial');
  const { paths: _paths, ...kept } = structuredClone(base);
  const rto = rtoMs === null ? null : { loMs: rtoMs - 6.25, hiMs: rtoMs };
  return { ...kept, trial, fault, election, rto, outageTotalMs: rtoMs ?? 60_000 };
}
