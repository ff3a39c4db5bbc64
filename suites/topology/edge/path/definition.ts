import { declared, given } from '../../_objects/declaring.ts';
import { contract, together } from '../../../catalogue/reads.ts';
import { application } from '../../../catalogue/requirements.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/edge/path',
    order: 150,
    touches: { runner: ['application.look'] },
    title: 'A request passes the whole chain of the edge',
    section: '5',
    access: 'r r r r r',
    goal: 'a canary request passes load balancer, Ingress, gateway and service; each hop left its name; TLS is valid',
    requires: [
      declared('edge'),
      application,
      {
        what: 'application.proof: what tells an answer of the service from one of somebody before it',
        declares: ({ application: told }) => told !== undefined && told.proof !== 'none',
      },
    ],
    reads: together(given('edge'), contract),
  }),
];
