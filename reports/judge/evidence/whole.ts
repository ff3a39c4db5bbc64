import type { History, Operations } from '../../record/history/history.ts';
import { atMost } from '../../record/at-most.ts';
import type { Rule } from '../../record/rule.ts';
import { all, first, last } from '../observed.ts';
import { unavailableText } from '../unavailable.ts';

/** A time this far before a history's header or after its end, ms, is of another clock. */
const STRAY_MS = 60_000;
/** Without observations for so long before its end, ms, a history's end is of another clock: the longest wait of a check is 15 minutes. */
const SILENT_MS = 30 * 60_000;
const MOST_NAMED = 5;

/** Id of the rule for a history that was cut off. */
export const WHOLE_END = 'whole/end';

/** What makes any history fit to be judged: it ran to its end, no line is damaged, its files are those that the run left, every source answered, all times are of its own clock. */
export function wholeRules(history: History): Rule[] {
  return [
    endRule(history),
    damagedRule(history),
    ...digestRules(history),
    ...unavailableRules(history),
    timesRule(history),
  ];
}

function endRule(history: History): Rule {
  const id = WHOLE_END;
  if (first(history, 'end') !== undefined) return { id, verdict: 'pass', text: 'recorded to its end' };
  // A permit that has ended ends the series before the fault, and its trial without an end.
  const reason = last(history, 'cut-off')?.reason ?? first(history, 'no-fault')?.reason;
  return { id, verdict: 'inconclusive', text: `cut off: ${reason ?? 'the history has no end'}` };
}

function damagedRule({ damaged }: History): Rule {
  const id = 'whole/damaged';
  if (damaged.length === 0) return { id, verdict: 'pass', text: 'no damaged line' };
  const named = damaged.slice(0, MOST_NAMED).map(({ file, line }) => `${file}:${line}`);
  const more = damaged.length > MOST_NAMED ? ', …' : '';
  return {
    id,
    verdict: 'inconclusive',
    text: `damaged lines in the history: ${named.join(', ')}${more}`,
  };
}

/** A file that was changed since its run says nothing about the platform, whatever it says now. */
function digestRules({ changed }: History): Rule[] {
  const id = 'whole/digest';
  if (changed === undefined) return [];
  if (changed.length === 0) return [{ id, verdict: 'pass', text: 'every file has its digest of run.json' }];
  const text = `the history was changed since its run: ${atMost(changed, MOST_NAMED).join('; ')}`;
  return [{ id, verdict: 'inconclusive', text }];
}

function unavailableRules(history: History): Rule[] {
  const texts = new Set(all(history, 'unavailable').map(unavailableText));
  return [...texts].map((text) => ({ id: 'whole/unavailable', verdict: 'inconclusive', text }));
}

function timesRule(history: History): Rule {
  const id = 'whole/times';
  const fromMs = history.header.anchor.monoMs - STRAY_MS;
  const endMs = first(history, 'end')?.t;
  const toMs = (endMs ?? Infinity) + STRAY_MS;
  if (endMs !== undefined && endMs - lastSeenMs(history) > SILENT_MS)
    return {
      id,
      verdict: 'inconclusive',
      text: `nothing was observed in the ${Math.round((endMs - lastSeenMs(history)) / 60_000)} minutes before the end: the end is from another clock, or lines are missing`,
    };
  const outside = (t: number): boolean => t < fromMs || t > toMs;
  const stray = history.observations.find(({ t }) => outside(t));
  const operations = strayOperation(history.writes, outside) ?? strayOperation(history.reads, outside);
  if (stray === undefined && operations === null)
    return { id, verdict: 'pass', text: 'all times lie within the check' };
  const what =
    stray === undefined ? `operation ${operations ?? 0}` : `an observation of the kind ${stray.kind}`;
  return {
    id,
    verdict: 'inconclusive',
    text: `${what} has a time outside the check: it is from another clock or another run`,
  };
}

/** When something was seen, sent or answered last; the header's time if nothing was. */
function lastSeenMs({ header, observations, writes, reads }: History): number {
  let last = header.anchor.monoMs;
  for (const { kind, t } of observations) if (kind !== 'end') last = Math.max(last, t);
  for (const { count, doneMs } of [writes, reads])
    for (let i = 0; i < count; i++) last = Math.max(last, doneMs[i] ?? 0);
  return last;
}

/** Number of the first operation with a time of another clock; null: none. */
function strayOperation(
  { count, n, intendedMs, sentMs, doneMs }: Operations,
  outside: (t: number) => boolean,
): number | null {
  for (let i = 0; i < count; i++) {
    // What was never sent has the time at which it was given up.
    if (outside(intendedMs[i] ?? 0) || outside(sentMs[i] ?? 0) || outside(doneMs[i] ?? 0)) return n[i] ?? 0;
  }
  return null;
}
