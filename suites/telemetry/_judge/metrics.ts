import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { all } from '../../../reports/judge/observed.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { offsetsOf, wallOf } from '../../../reports/judge/telemetry/clocks.ts';
import type { Offset } from '../../../reports/judge/telemetry/clocks.ts';
import { leastTargets } from '../../../reports/record/telemetry/scrapes.ts';
import { declaredOf } from './observed.ts';

export interface Asked {
  selector: string;
  seen: Seen<'series-seen'>;
  /** When it was asked, by the clock of Prometheus; by that of the harness where the other is not known. */
  askedMs: number;
  errorMs: number;
}

/** Each required selector was queried. Ages of samples follow Prometheus's clock. */
export function askedOf(history: History, findings: Findings): Asked[] {
  const clock = offsetsOf(history, findings, [PROMETHEUS]).get(PROMETHEUS) ?? null;
  const seen = all(history, 'series-seen');
  findings.rule('series');
  return (declaredOf(history.header).required?.series ?? []).flatMap((selector) => {
    const one = seen.find((each) => each.selector === selector);
    const example = one !== undefined && one.lastMs.length > 0 ? selector : null;
    if (one?.example === example) return [askedAt(history, one, clock)];
    findings.unknown(
      `series ${selector}`,
      'answered with series of that selector',
      one === undefined ? 'not queried' : `found ${one.example ?? 'nothing'}`,
    );
    return [];
  });
}

export const leastOf = ({ header: { settings } }: History, job: string): number =>
  leastTargets({ ...settings, required: settings.telemetry?.required }, job);

/** Whether the workload of a job that lacks targets is being rolled out, or could not be looked at. */
export const isRolling = (history: History, job: string | null): boolean =>
  all(history, 'scraped-workload').some((one) => one.job === job && one.rolling !== false);

export const ROLLING = 'while the workload of its name is being rolled out, or could not be looked at';

const PROMETHEUS = 'Prometheus';

function askedAt(history: History, seen: Seen<'series-seen'>, clock: Offset | null): Asked {
  // Both queries were answered before this line was written.
  const tookMs = Math.max(0, wallOf(history, seen.t) - seen.askedMs);
  const { offsetMs, errorMs } = clock ?? { offsetMs: 0, errorMs: Infinity };
  return { selector: seen.selector, seen, askedMs: seen.askedMs + offsetMs, errorMs: errorMs + tookMs };
}

export const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

export const seriesEvidence = (header: HistoryHeader): AnyNeed[] => [
  need('series-seen', {
    subjects: declaredOf(header).required?.series ?? [],
    of: ({ selector }) => selector,
  }),
  need('clock-offset', { subjects: ['Prometheus'], of: ({ source }) => source }),
];
