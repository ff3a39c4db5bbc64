import { byVerdict, worst } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import { firstOf } from './at-most.ts';

/** One statement of a judge about a history. A judgement is a list of rules; the worst counts. */
export interface Rule {
  /** Stable within a check, such as `rto`, `evidence/member`, `afterwards`. */
  id: string;
  verdict: Verdict;
  /** One sentence: what was found; for inconclusive the cause. */
  text: string;
  /** It limits a duration: a machine that is too busy misses it, whatever runs there. */
  ofTime?: true;
}

export function worstOf(rules: Iterable<Rule>): Verdict {
  return worst([...rules].map(({ verdict }) => verdict));
}

/** What must hold for a pass: a gap is inconclusive, none is a pass. */
export function gapRule(id: string, gap: string | null, holds: string): Rule {
  return gap === null ? { id, verdict: 'pass', text: holds } : { id, verdict: 'inconclusive', text: gap };
}

/** Why a rule that failed may say nothing, with how much of that was seen. */
export interface Excuse {
  text: string;
  seen: number;
  /** No more than this excuses nothing. */
  upTo: number;
}

/** The rule, but left open where it failed and was excused. */
export function excusedBy(rule: Rule, { text: why, seen, upTo }: Excuse): Rule {
  if (rule.verdict !== 'fail' || seen <= upTo) return rule;
  const { id, text, ofTime } = rule;
  return { id, verdict: 'inconclusive', text: `${text}; ${why}`, ...(ofTime && { ofTime }) };
}

/** Rules of the worst verdict, in their order. */
export function decisive(rules: readonly Rule[]): Rule[] {
  const verdict = worstOf(rules);
  return rules.filter((rule) => rule.verdict === verdict);
}

/** The sentence of a judgement: that of the first decisive rule, and how many more there are. `pass` is worded by the judge. */
export function reasonOf(rules: readonly Rule[], pass: string): string {
  const told = decisive(rules);
  const [first] = told;
  if (first === undefined) return 'there was nothing to judge';
  return first.verdict === 'pass' ? pass : firstOf(first.text, told.length);
}

/** The worst verdict first; equal ones keep their order. */
export function worstFirst<T extends Pick<Rule, 'verdict'>>(rules: readonly T[]): T[] {
  return rules.toSorted(byVerdict);
}

/** Rules, or checks, that say why it is no pass, the worst first. */
export function unmet<T extends Pick<Rule, 'verdict'>>(rules: readonly T[]): T[] {
  return worstFirst(rules).filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive');
}
