/** Evidence that a pass of a telemetry check needs, and fields of its history that do not affect the verdict. */
import type { HistoryHeader } from '../../record/history/history.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
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
  need('swept', { where: ({ what }) => what === store, what: `a last look at the store of ${store}` });

/** At least as many nodes as are declared, on each a pod that writes, and the content of that node's disk. */
export function nodesWriting({ settings: { topology } }: HistoryHeader): AnyNeed[] {
  const count = (topology?.pools ?? []).reduce((sum, pool) => sum + pool.count.min, 0);
  return [
    need('canary-node', { count, what: 'nodes' }),
    need('clock-offset', { count: Math.max(1, count), what: 'clocks of nodes' }),
  ];
}

export const DISKS = [need('disks-read', { what: "the logs on the nodes' disks" })];

/** What every trial of a store records of its fault. */
export const OF_THE_FAULT = [
  need('steady', { where: ({ ok }) => ok, what: 'that the store was steady before' }),
  need('budget-estimate', { what: 'what the fault may cost' }),
  need('fault-armed', { what: 'what was hit' }),
  need('fault-acted', { what: 'what was done to whom' }),
  need('fault-landed', { what: 'a proof of the fault' }),
  need('healed', { what: 'that all members rejoined' }),
];

export const FAULT = {
  'as-before.objects': 'how many objects were compared, for people: what differs is judged',
  'fault-armed.members[].node':
    'excuses late lines of a node where a node was lost, and nothing where none was',
};

export const TRACE = {
  'trace.spans[][0]':
    'below some spans there is none, so that nothing names them; of the others it is held against the parents of those below',
  'trace.spans[][1]':
    'the parent of the first span is of whoever asked, and within a service any may be above another; that a service is below its caller is judged',
  'trace.spans[][2]':
    'a trace may hold spans of more services than those of the path, and more than one of each',
  'trace.spans[][3]': 'a trace may hold more spans than those that are declared',
};

export const NODES = {
  'canary-node.node':
    'which of two nodes is of which pool decides nothing; each is held against its clock, lines and disk',
  'clock-offset.source':
    'of clocks that agree it decides nothing whose is whose; that each was measured, once, is judged',
  'disk.pod': 'writers are told apart by their nodes; the pod of a service is held against its lines',
};

export const SHIPPER = {
  shipper:
    'names who brings the lines of a node, where lines are missing; that they are there is seen in the store',
  'observation-gap': 'can only take from a pass: what came in that time counts as unseen instead of late',
};

export const OBSERVATION_GAP = { 'observation-gap': SHIPPER['observation-gap'] };
