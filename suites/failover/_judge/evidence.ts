import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import { STAGES } from '../../../reports/record/observations/failover.ts';
import { storeFacts } from '../../../reports/record/facts/store-facts.ts';
import { memberNames } from '../../../reports/record/facts/store-pods.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { last } from '../../../reports/judge/observed.ts';
import { withoutCopy } from './writes/without-copy.ts';

/** `failover/STORE/FAULT`. */
export function storeOf({ check }: HistoryHeader): string {
  return check.split('/')[1] ?? '';
}

/** Names of the pods that the environment declares, numbered as those that were to be read back; null: it names none. */
export function declaredNames(history: History): string[] | null {
  const declared = history.header.settings.stores?.[storeOf(history.header)];
  if (declared === undefined) return null;
  return memberNames(declared, last(history, 'readback-plan')?.sources ?? []);
}

/** Each declared member was read back, or the cluster itself said that it holds no copy. */
function everyMember(members: number): AnyNeed {
  const needed = (names: readonly string[] | null, excused: ReadonlySet<string>): AnyNeed =>
    names === null
      ? // The leader twice, any other member once.
        need('readback', { count: members + 1 - excused.size, what: 'read-backs' })
      : need('readback', {
          subjects: names.filter((name) => !excused.has(name)),
          of: ({ source }) => source,
          what: 'read-back',
        });
  return {
    kind: 'readback',
    rule: (history, complete) => needed(declaredNames(history), withoutCopy(history)).rule(history, complete),
  };
}

/** What the pass of a failover rests on. */
export function failoverEvidence(header: HistoryHeader): AnyNeed[] {
  const { members = 0 } = header.settings.stores?.[storeOf(header)] ?? {};
  const { watches = [] } = storeFacts(storeOf(header));
  return [
    need('stage', { subjects: STAGES, of: ({ name }) => name, what: 'stage' }),
    need('steady', { where: ({ ok }) => ok, what: 'a steady store before the fault' }),
    need('governing', { what: 'settings that govern the failover' }),
    need('client-load-start'),
    need('client-load-end'),
    need('fault-armed'),
    need('fault-acted'),
    need('fault-landed', { what: 'proof of the fault' }),
    need('budget-estimate'),
    need('budget-spent'),
    // The observer's last line repeats what it knew, hence two.
    need('leader', { count: 2, what: 'observation of the leader' }),
    need('readback-plan'),
    need('readback', {
      subjects: ['pass 1', 'pass 2'],
      of: ({ role, pass }) => (role === 'leader' ? `pass ${pass}` : ''),
      what: 'read-back of the leader',
    }),
    everyMember(members),
    ...watches.map(({ kind, ...more }) => need(kind, more)),
  ];
}
