/** Makes the load result of one run of k6 from its samples, summary and exit. */
import type { Ending, LoadResult } from '../engine.ts';
import { Collector } from './collector.ts';
import { durationOf, requestsOf, type Summary } from './summary.ts';

export interface Run {
  version: string;
  ending: Ending;
  collector: Collector;
  summary: Summary | null;
  /** Wall clock at which k6 was started, ms since 1970. */
  spawnedMs: number;
}

const ENGINE = { engine: 'k6', stubbed: false, latencyFrom: 'sent' } as const;

/** A result for a load that never began. */
export function emptyResult(engineVersion: string, ending: Ending): LoadResult {
  const { measured } = new Collector((text) => text);
  const startedAt = new Date().toISOString();
  return { ...ENGINE, sent: [], engineVersion, startedAt, durationMs: 0, ...measured.result(), ...ending };
}

/** The ending, changed to `failed` if samples or the summary are missing: what they would show is unknown. */
function whole({ ending, summary, collector: { measured } }: Run): Ending {
  const counted = summary === null ? null : requestsOf(summary);
  if (ending.outcome !== 'completed') return ending;
  if (summary === null) return { outcome: 'failed', reason: 'k6 ended without a summary of what it sent' };
  if (counted === null || counted === measured.requests) return ending;
  return {
    outcome: 'failed',
    reason: `k6 counted ${counted} requests, but its samples have ${measured.requests}: the record is incomplete`,
  };
}

export function resultOf(run: Run): LoadResult {
  const { collector, summary, version } = run;
  const { measured, unreadable } = collector;
  if (unreadable > 0) measured.errors.add('lines of k6’s output that are not samples', unreadable);
  return {
    ...ENGINE,
    sent: [],
    engineVersion: version,
    startedAt: new Date(collector.beganMs ?? run.spawnedMs).toISOString(),
    durationMs: (summary === null ? null : durationOf(summary)) ?? collector.durationMs,
    ...measured.result(),
    ...whole(run),
  };
}
