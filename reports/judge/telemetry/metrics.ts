import type { History, HistoryHeader } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { ENOUGH_SAMPLES, SCRAPES_BACK } from '../../record/scrapes.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { all } from '../observed.ts';
import type { Findings } from '../topology/findings.ts';
import { offsetsOf, timesRule, wallOf } from './clocks.ts';
import type { Offset } from './clocks.ts';
import { declaredOf } from './observed.ts';

export interface Asked {
  selector: string;
  /** The only observation of this selector. */
  seen: Seen<'series-seen'>;
  /** When it was asked, by the clock of Prometheus; by that of the harness where the other is not known. */
  askedMs: number;
  errorMs: number;
}

/** Each required selector was queried once. Ages of samples follow Prometheus's clock. */
export function askedOf(history: History, findings: Findings): Asked[] {
  const clock = offsetsOf(history, findings, [PROMETHEUS]).get(PROMETHEUS) ?? null;
  const seen = all(history, 'series-seen');
  timesRule(history, findings, [{ kind: 'series-seen', own: seen.map(({ askedMs }) => askedMs) }]);
  findings.rule('series');
  return (declaredOf(history.header).required?.series ?? []).flatMap((selector) => {
    const [one, twice] = seen.filter((each) => each.selector === selector);
    const why = oddOf(one, twice, history.header.settings.prometheus?.scrapeSeconds ?? Infinity);
    if (one !== undefined && why === null) return [askedAt(history, one, clock)];
    findings.unknown(
      `series ${selector}`,
      'queried once, and answered with series of that selector',
      why ?? '',
    );
    return [];
  });
}

/** Why an answer cannot be used; null: it can. */
function oddOf(
  one: Seen<'series-seen'> | undefined,
  twice: Seen<'series-seen'> | undefined,
  scrapeSeconds: number,
): string | null {
  if (one === undefined || twice !== undefined) return one === undefined ? 'not queried' : 'queried twice';
  const { example, selector, lastMs } = one;
  const expected = lastMs.length > 0 ? selector : null;
  return example === expected ? intervalsOdd(one, scrapeSeconds) : `found ${example ?? 'nothing'}`;
}

/** Why the intervals of series cannot be such: so many samples would not fit into the time of which they are, or too few tell nothing. */
function intervalsOdd(seen: Seen<'series-seen'>, scrapeSeconds: number): string | null {
  const { lastMs, everyMs, samples } = seen;
  // Records of earlier versions have neither.
  if (everyMs === undefined) return null;
  const counts = samples ?? everyMs.map((every) => (every > 0 ? ENOUGH_SAMPLES : 0));
  if (everyMs.length !== lastMs.length || counts.length !== lastMs.length)
    return `intervals of ${everyMs.length} and samples of ${counts.length} of ${lastMs.length} series`;
  // A scrape may be at either end.
  const windowMs = (SCRAPES_BACK + 1) * scrapeSeconds * 1000;
  const odd = everyMs.findIndex((every, at) => {
    const count = counts[at] ?? 0;
    return every > 0 !== count >= ENOUGH_SAMPLES || (count - 1) * every > windowMs;
  });
  return odd < 0 ? null : `a series with ${counts[odd] ?? 0} samples, one each ${seconds(everyMs[odd] ?? 0)}`;
}

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
