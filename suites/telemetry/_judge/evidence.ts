/** Evidence that a pass of a telemetry check needs, and fields of its history that do not affect the verdict. */
import type { HistoryHeader } from '../../../reports/record/history/history.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import { planOf } from './observed.ts';
import type { Store } from './observed.ts';

/** Each numbered request that was to be sent. */
export function canaryRequestsSent(header: HistoryHeader): AnyNeed {
  const { requests: count } = planOf(header);
  return need('canary-request', {
    subjects: Array.from({ length: count }, (_, index) => String(index + 1)),
    of: ({ n }) => String(n),
    what: 'canary requests',
  });
}

export const storeSwept = (store: Store): AnyNeed =>
  need('swept', { where: ({ what }) => what === store, what: `the final query of the store of ${store}` });

/**
 * At least as many nodes as are declared, on each a pod that writes, and the content of that node's disk.
 * @param most where lines are written on a sample of the nodes: how many that are
 */
export function nodesWriting({ settings: { topology } }: HistoryHeader, most = Infinity): AnyNeed[] {
  const count = (topology?.pools ?? []).reduce((sum, pool) => sum + pool.count.min, 0);
  return [
    need('canary-node', { count, what: 'nodes' }),
    need('clock-offset', { count: Math.max(1, Math.min(most, count)), what: 'clocks of nodes' }),
  ];
}

export const DISKS = [need('disks-read', { what: "the logs on the nodes' disks" })];

/** What every trial of a store records of its fault. */
export const OF_THE_FAULT = [
  need('steady', { where: ({ ok }) => ok, what: 'a steady store before the fault' }),
  need('budget-estimate', { what: 'estimated cost of the fault' }),
  need('fault-armed', { what: 'the fault and its target' }),
  need('fault-acted', { what: 'the injection into a member' }),
  need('fault-landed', { what: 'a proof of the fault' }),
  need('healed', { what: 'the return of all members' }),
];
