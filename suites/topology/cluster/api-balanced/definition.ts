import { embeddedCluster } from '../../../catalogue/embedded.ts';
import { declared, given } from '../../_objects/declaring.ts';
import type { Environment } from '../../../../env/schema.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

const serversOf = ({ topology }: Environment): number => topology.controlPlane?.nodes ?? 1;

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/cluster/api-balanced',
    order: 30,
    touches: {
      lists: ['v1/Pod'],
      asks: ['/readyz'],
      runner: ['store.describe', 'node.apiServer'],
      embeddedOnly: true,
    },
    title: 'The API stays reachable while any one API server is down',
    section: '5.1',
    access: 'F - - F r',
    goal: 'the address that clients use answers at least 99 % of requests while any one API server is down; every API server answers at its own address; no store changes its leader meanwhile',
    goals: { answeredRatio: 0.99 },
    needsSize: 'full',
    requires: [
      { what: 'apiAddress', declares: ({ apiAddress }) => apiAddress !== undefined },
      declared('controlPlane'),
      embeddedCluster,
    ],
    reads: given('controlPlane'),
    time: {
      waits: ['settle'],
      // One API server after the other is taken away.
      workMs: (environment, { waitMs }) =>
        serversOf(environment) * (waitMs('apiServerDown') + waitMs('apiServerUp') + waitMs('settle')),
      usualMs: 90_000,
    },
    withoutPlatform: true,
  }),
];
