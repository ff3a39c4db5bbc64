import type { GpuDetail } from './details/gpu-detail.ts';
import type { GoalEntry, LoadDetail, ScalingDetail } from './details/load-detail.ts';
import type { Figure } from './details/figure.ts';
import type { Pressure } from './pressure.ts';
import type { Rule } from './rule.ts';
import type { Verdict } from './verdict.ts';
import type { Exemption, FailoverRecord } from './run-record.ts';
import type { TelemetryDetail } from './details/telemetry-detail.ts';

export type { Figure } from './details/figure.ts';
export type { Exemption } from './run-record.ts';

/** A piece of evidence behind a verdict: a log excerpt, an event, a table row. Text is raw: renderers escape it. */
export interface Evidence {
  /** What it is and where it comes from, e.g. `logs tender/postgres-1` or `event Pod/postgres-1`. */
  source: string;
  text: string;
  /** ISO 8601 wall clock time, where there is one. */
  at?: string;
}

/** One thing that a check looked at and whether it was as expected; a topology check is a list of these. */
export interface Finding {
  /** The object, e.g. `Deployment tender/tender-api` or `local-worker-1 -> local-worker-2`. */
  subject: string;
  ok: boolean;
  expected: string;
  seen: string;
}

/** What a judge returns: a verdict that can be read without the history. */
export interface Judgement {
  verdict: Verdict;
  /** One sentence; for inconclusive and not-run it names the cause. */
  reason: string;
  /** What was compared, each with its own verdict; the worst of them is `verdict`. */
  rules?: Rule[];
  expected: string;
  seen: string;
  figures: Figure[];
  /** Every deviation, at most 50 kept; `findingsTotal` counts them all. */
  findings: Finding[];
  findingsTotal: number;
  /** What the environment file lets off; left out: nothing. */
  exemptions?: Exemption[];
  /** Entries of that file that matched nothing in any trial; left out: none. */
  unmatchedExemptions?: Exemption[];
  evidence: Evidence[];
  /** Present for failover checks: one record per trial. */
  trials?: FailoverRecord[];
  /** How busy the machine or the nodes were during a trial; of several trials, the busiest. */
  pressure?: Pressure;
  /** One entry per objective; only of checks that judge objectives. */
  goals?: GoalEntry[];
  /** Present for checks that make a load. */
  load?: LoadDetail;
  /** Present for checks of an autoscaler. */
  scaling?: ScalingDetail;
  /** Present for checks of the GPU pool. */
  gpu?: GpuDetail;
  /** Present for checks that follow lines or requests. */
  telemetry?: TelemetryDetail;
}
