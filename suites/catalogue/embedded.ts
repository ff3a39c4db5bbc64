import { traitsOf } from '../../env/providers/declared.ts';
import type { Requirement } from './types.ts';

/** Of faults that act on the nodes themselves: no injector does so in a cluster of others yet. */
export const embeddedCluster: Requirement = {
  what: 'an embedded cluster (this fault acts on the nodes themselves and is built for embedded clusters only)',
  never:
    'does not apply to a declared environment: it acts on the nodes themselves, as Plumbline does in embedded clusters only',
  declares: ({ cluster }) => traitsOf({ cluster }).instance !== undefined,
};
