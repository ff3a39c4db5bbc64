/** A machine that is too busy misses goals of time, whatever runs on it: then nobody knows whose fault it was. */
import type { History } from '../record/history.ts';
import type { Pressure } from '../record/pressure.ts';
import type { Rule } from '../record/rule.ts';

/**
 * Of the time in which the harness itself wants a core, it waits for this share at most on a machine that is free enough for goals of time.
 * Measured: docs/adr/0013-too-busy-to-judge.md.
 */
export const MOST_OWN = 0.2;

/** Why the machine was too busy for a goal of time to say anything; null: it was not, or nobody measured it. */
export function busyText(pressure: Pressure | null | undefined): string | null {
  const own = pressure?.own?.mean;
  if (pressure == null || own === undefined || own <= MOST_OWN) return null;
  return `the machine was too busy for a goal of time: the harness waited for ${percent(own)} of the time in which it wanted a core (at most ${percent(MOST_OWN)})`;
}

/** The same rules, but that a goal of time which was missed on a machine too busy says nothing. What is met stays met. */
export function excused(rules: readonly Rule[], { pressure }: Pick<History, 'pressure'>): Rule[] {
  const busy = busyText(pressure);
  if (busy === null) return [...rules];
  return rules.map((rule) =>
    rule.verdict === 'fail' && rule.ofTime === true
      ? { ...rule, verdict: 'inconclusive', text: `${rule.text}; ${busy}` }
      : rule,
  );
}

const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`;
