import type { History, HistoryHeader } from '../../record/history/history.ts';
import type { Kind, Seen } from '../../record/observations/index.ts';
import type { Rule } from '../../record/rule.ts';
import { all } from '../observed.ts';
import { atMost } from '../../record/at-most.ts';

/** What a pass rests on: observations of a kind, one of each subject or so many of them. Its absence is never a pass. */
export interface Need<K extends Kind = Kind> {
  kind: K;
  /** Subjects that must have been seen. They come from the header, never from what was seen. */
  subjects?: readonly string[] | undefined;
  /** The subject that an observation is of. */
  of?: (seen: Seen<K>) => string;
  /** How many must be there; 1 when neither this nor subjects are given. */
  count?: number | undefined;
  /** Which observations of the kind count; all when left out. */
  where?: (seen: Seen<K>) => boolean;
  /** `fail` if absence is what the check is about. It counts only in a complete observation; otherwise absence is inconclusive. */
  absent?: 'inconclusive' | 'fail';
  /** What is missing, in a few words, such as `a reading of the leader`; the kind when left out. */
  what?: string;
}

/** A need of any kind, for lists of several kinds: each knows how to check its own. */
export interface AnyNeed {
  kind: Kind;
  rule(history: History, complete: boolean): Rule;
}

/** Type-checked by its kind: `need('member', { subjects, of: (seen) => seen.store })`. */
export function need<K extends Kind>(kind: K, more: Omit<Need<K>, 'kind'> = {}): AnyNeed {
  const one: Need<K> = { kind, ...more };
  return { kind, rule: (history, complete) => ruleOf(history, one, complete) };
}

/** What the pass of a check rests on, from its header alone. */
export type EvidenceOf = (header: HistoryHeader) => readonly AnyNeed[];

const MOST_NAMED = 5;

/** One rule a need: `pass` names what was there, anything else what was not. */
export function evidenceRules(history: History, needs: readonly AnyNeed[], complete: boolean): Rule[] {
  return needs.map((one) => one.rule(history, complete));
}

function ruleOf<K extends Kind>(history: History, one: Need<K>, complete: boolean): Rule {
  const { kind, where = () => true, what = kind, absent = 'inconclusive' } = one;
  const found = all(history, kind).filter(where);
  const id = `evidence/${kind}`;
  const lack = lackOf(one, found, what);
  return lack === null
    ? { id, verdict: 'pass', text: `${what}: ${found.length} recorded${ofSubjects(one)}` }
    : { id, verdict: complete ? absent : 'inconclusive', text: lack };
}

/** What is missing, as a sentence; null: nothing. */
function lackOf<K extends Kind>(
  { subjects, of, count }: Need<K>,
  found: readonly Seen<K>[],
  what: string,
): string | null {
  const missing = subjects === undefined || of === undefined ? [] : unseen(subjects, found.map(of));
  if (missing.length > 0) return `${what} of ${named(missing)}: not seen`;
  const wanted = count ?? (subjects === undefined ? 1 : 0);
  return found.length < wanted ? `${what}: ${found.length} seen, at least ${wanted} needed` : null;
}

function unseen(subjects: readonly string[], seen: readonly string[]): string[] {
  const there = new Set(seen);
  return subjects.filter((subject) => !there.has(subject));
}

/** A subject may have several observations, such as a workload one of each pod. */
function ofSubjects<K extends Kind>({ subjects, of }: Need<K>): string {
  if (subjects === undefined || of === undefined) return '';
  const { size } = new Set(subjects);
  if (size === 0) return ', none is declared';
  return size === 1 ? ', for the one declared' : `, at least one for each of ${size} declared`;
}

function named(subjects: readonly string[]): string {
  return atMost(subjects, MOST_NAMED).join(', ');
}
