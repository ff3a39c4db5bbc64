/** A machine that is too busy misses goals of time, whatever runs on it: then nobody knows whose fault it was. */
import type { History } from '../record/history/history.ts';
import type { Pressure } from '../record/pressure.ts';
import type { Rule } from '../record/rule.ts';

/**
 * Others than the environment and the harness may take this share of the cores of the machine or the nodes, on average over a trial, on a machine that is free
 * enough for goals of time. Ten times what a free machine shows, and less than where the first verdict turned (between 31 and 50 %): docs/adr/0013-too-busy-to-judge.md.
 */
export const MOST_OTHERS = 0.25;

/** Why the machine was too busy for a goal of time to say anything; null: it was not, or nobody measured it. */
export function busyText(pressure: Pressure | null | undefined): string | null {
  const others = pressure?.others?.mean;
  return others === undefined || others <= MOST_OTHERS
    ? null
    : `${pressure?.nodes === undefined ? 'the machine was' : 'the nodes were'} too busy for a goal of time: others took ${percent(others)} of the cores (at most ${percent(MOST_OTHERS)})`;
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
