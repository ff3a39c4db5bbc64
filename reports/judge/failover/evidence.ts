import type { History, HistoryHeader } from '../../record/history/history.ts';
import { STAGES } from '../../record/observations/failover.ts';
import { storeFacts } from '../../record/store-facts.ts';
import { memberNames } from '../../record/store-pods.ts';
import type { Annotations } from '../annotations.ts';
import { AFTERWARDS_ANNOTATIONS } from '../evidence/afterwards.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { last } from '../observed.ts';
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

export const PHASE =
  'a phase of the report, shown only: goals are about what clients saw and about the members after the trial';
const PATIENCE = 'a limit of the client, shown only: what the client did is judged by its operations';
const REASON = 'why the outcome is unknown, shown only: it counts as unknown for any reason';

export const FAILOVER_ANNOTATIONS: Annotations = {
  ...AFTERWARDS_ANNOTATIONS,
  endpoint: PHASE,
  members: PHASE,
  'leader[]': `${PHASE}; who led first and last is judged`,
  'leader.pollMs': PHASE,
  master: `${PHASE}; of a trial that is aimed at the master, who holds the role is judged`,
  'leaders-asked': 'without it nothing is said of several leaders; how many looks there were is for people',
  'expected-window.loMs': 'an outage that is shorter than expected is shown, but is not a failure',
  'client-load-start.settings.operationTimeoutMs': PATIENCE,
  'client-load-start.settings.maxConnections': PATIENCE,
  'write.detail.ok': 'that it waited or had to connect makes the end of an outage more exact',
  'write.detail.unknown': REASON,
  'read.detail.unknown': REASON,
  'reader.redelivered':
    'AMQP allows redelivery of a message that is flagged as redelivered: it is not a duplicate',
  'readback-without.seen': 'where the copies are, in words; that as many were read back is judged',
  remark: 'shown only',
  evidence: 'logs and events, shown only',
};
