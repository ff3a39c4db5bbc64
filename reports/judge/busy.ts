/** On a machine that is too busy, goals of time are missed whatever runs there: a miss proves nothing. */
import type { History } from '../record/history/history.ts';
import { MOST_OTHERS } from '../record/pressure.ts';
import type { Pressure } from '../record/pressure.ts';
import { excusedBy } from '../record/rule.ts';
import type { Rule } from '../record/rule.ts';

/** Why the machine was too busy for a goal of time to say anything; null: it was not, or nobody measured it. */
export function busyText(pressure: Pressure | null | undefined): string | null {
  const others = pressure?.others?.mean;
  return others === undefined || others <= MOST_OTHERS
    ? null
    : `${pressure?.nodes === undefined ? 'the machine was' : 'the nodes were'} too busy to judge a goal of time: other processes took ${percent(others)} of the cores (limit ${percent(MOST_OTHERS)})`;
}

/** The same rules, but a goal of time that was missed on a busy machine is inconclusive. A goal that was met stays met. */
export function excused(rules: readonly Rule[], { pressure }: Pick<History, 'pressure'>): Rule[] {
  const text = busyText(pressure);
  if (text === null) return [...rules];
  const busy = { text, seen: pressure?.others?.mean ?? 0, upTo: MOST_OTHERS };
  return rules.map((rule) => (rule.ofTime === true ? excusedBy(rule, busy) : rule));
}

const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`;
