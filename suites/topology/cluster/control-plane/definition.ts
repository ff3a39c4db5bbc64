import { declared, EVIDENCE, given } from '../../_objects/declaring.ts';
import { touching } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/cluster/control-plane',
    order: 20,
    touches: {
      ...touching(EVIDENCE, { lists: ['v1/Node', 'v1/Pod'], execs: ['kube-system'] }),
      execsNotGiven:
        'it allows everything in the pods of kube-system; without it etcd cannot be queried, and the check is inconclusive',
    },
    title: 'The declared control plane, and an etcd with all its voting members',
    section: '5.1',
    access: 'r - - r r',
    goal: 'the declared number of Ready control-plane nodes; etcd with that many voting members, all healthy, one leader',
    needsSize: 'full',
    clusterAlone: true,
    requires: declared('controlPlane'),
    reads: given('controlPlane', 'nodes'),
    withoutPlatform: true,
  }),
];
