import type { Topology } from '../../../env/schema.ts';
import { together, topologyParts, writes } from '../../catalogue/reads.ts';
import type { Touches } from '../../catalogue/touches.ts';
import type { Requirement } from '../../catalogue/types.ts';

/** The parts of the topology that a check is given. Nothing else of it goes into its history. */
export const given = (...parts: readonly (keyof Topology)[]) => together(topologyParts(...parts), writes);

export const declared = (
  part: 'controlPlane' | 'network' | 'storage' | 'registry' | 'edge',
): Requirement => ({
  what: `topology.${part}`,
  declares: ({ topology }) => topology[part] !== undefined,
});

export const workloadsDeclared: Requirement = {
  what: 'topology.workloads',
  declares: ({ topology }) => topology.workloads.length > 0,
};

export const someStore: Requirement = {
  what: 'a store',
  declares: ({ stores }) => Object.keys(stores).length > 0,
};

/** Events and the end of a log of what is in trouble; where a log may not be read, the report says so and nothing else changes. */
export const EVIDENCE: Touches = { lists: ['v1/Event'], logs: ['platform', 'edge'] };

/** Signs of life; where a Lease may not be read, the report says so. */
export const LEASES: Touches = { reads: ['coordination.k8s.io/v1/Lease'] };
