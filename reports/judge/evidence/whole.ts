import type { History } from '../../record/history/history.ts';
import { atMost } from '../../record/at-most.ts';
import type { Rule } from '../../record/rule.ts';
import { all, first } from '../observed.ts';
import { unavailableText } from '../unavailable.ts';

const MOST_NAMED = 5;

/** Id of the rule for a history that was cut off. */
export const WHOLE_END = 'whole/end';

/** What makes any history fit to be judged: it ran to its end, no line is damaged, its files are those that the run left, every source answered. */
export function wholeRules(history: History): Rule[] {
  return [endRule(history), damagedRule(history), ...digestRules(history), ...unavailableRules(history)];
}

function endRule(history: History): Rule {
  const id = WHOLE_END;
  if (first(history, 'end') !== undefined) return { id, verdict: 'pass', text: 'recorded to its end' };
  // A permit that has ended ends the series before the fault, and its trial without an end.
  const reason = first(history, 'no-fault')?.reason;
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
