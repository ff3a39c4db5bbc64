import { declared, given } from '../../_objects/declaring.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/workloads/images',
    order: 140,
    touches: { lists: ['v1/Pod', ...WORKLOADS] },
    title: 'Images of the declared programs, from the declared registry, pinned',
    section: '5.3',
    access: 'r - r r r',
    does: 'the templates of declared workloads, what their pods have beside them, and whether kubelets have pulled it, for init containers too; while a container has no image id and kubelet names no trouble, that is not known. Which program a container must run is said by topology.workloads[].image; it names those of which nothing does. A container is let off, with a reason, by topology.workloads[].exempt',
    goal: 'every image from the declared registry, pinned, of the repository that is declared for it, and pullable',
    requires: declared('registry'),
    reads: given('workloads', 'registry'),
  }),
];
