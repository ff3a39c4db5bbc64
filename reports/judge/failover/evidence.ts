import type { HistoryHeader } from '../../record/history/history.ts';
import { STAGES } from '../../record/observations/failover.ts';
import { storeFacts } from '../../record/store-facts.ts';
import type { Annotations } from '../annotations.ts';
import { AFTERWARDS_ANNOTATIONS } from '../evidence/afterwards.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';

/** `failover/STORE/FAULT`. */
export function storeOf({ check }: HistoryHeader): string {
  return check.split('/')[1] ?? '';
}

/** Names of the pods that the environment declares, as a StatefulSet numbers them; null: it names none. */
export function declaredNames(header: HistoryHeader): string[] | null {
  const { members, stores } = header.settings;
  const declared = stores?.[storeOf(header)];
  const name = declared?.statefulSet?.name;
  const count = members ?? declared?.members;
  if (name === undefined || count === undefined) return null;
  return Array.from({ length: count }, (_, ordinal) => `${name}-${ordinal}`);
}

/** What the pass of a failover rests on. */
export function failoverEvidence(header: HistoryHeader): AnyNeed[] {
  const names = declaredNames(header);
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
    need('leader', { count: 2, what: 'who leads' }),
    need('readback-plan'),
    need('readback', {
      subjects: ['1', '2'],
      of: ({ role, pass }) => (role === 'leader' ? String(pass) : ''),
      what: 'reading of the leader',
    }),
    ...(names === null
      ? []
      : [need('readback', { subjects: names, of: ({ source }) => source, what: 'reading' })]),
    ...watches.map(({ kind, ...more }) => need(kind, more)),
  ];
}

export const PHASE =
  'a phase of the report: goals hold for what clients saw, and for how the members are afterwards';
const PATIENCE = 'how patient the client was, for people: what it did stands in the operations';
const REASON = 'why nobody knows what became of it, for people: whatever the reason, it counts as not known';

export const FAILOVER_ANNOTATIONS: Annotations = {
  ...AFTERWARDS_ANNOTATIONS,
  endpoint: PHASE,
  members: PHASE,
  'leader[]': `${PHASE}; who led first and last is judged`,
  'leader.pollMs': PHASE,
  master: `${PHASE}; of a trial that is aimed at the master, who holds the role is judged`,
  'expected-window.loMs': 'what came sooner than expected is shown, and no failure',
  'client-load-start.settings.operationTimeoutMs': PATIENCE,
  'client-load-start.settings.maxConnections': PATIENCE,
  'write.detail.ok': 'that it waited or had to connect makes the end of an outage more exact',
  'write.detail.unknown': REASON,
  'read.detail.unknown': REASON,
  'reader.redelivered': 'what was flagged as delivered again is promised by AMQP, and no duplication',
  remark: 'for people',
  evidence: 'logs and events for people',
};
