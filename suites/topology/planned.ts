import { row, wouldFail } from '../catalogue/row.ts';
import type { CatalogueRow } from '../catalogue/types.ts';
import { declared } from './_objects/declaring.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/network/policy',
    order: 60,
    title: 'A NetworkPolicy that denies really blocks',
    section: '5.1',
    access: 'w - w w -',
    goal: 'a deny policy blocks, where the plugin enforces policies',
    planned: [wouldFail('enforcement is declared where nothing enforces it')],
    requires: declared('network'),
    withoutPlatform: true,
  }),
  row({
    id: 'topology/edge/gateway',
    order: 160,
    title: 'Routes and upstreams of the gateway',
    section: '7',
    access: 'r - r r r',
    goal: "Kong's admin API: the declared routes, upstreams healthy",
    planned: [wouldFail('an unhealthy upstream')],
    stubbed: ['Kong'],
  }),
  row({
    id: 'topology/mesh/istio',
    order: 170,
    title: 'The service mesh, where declared',
    section: '4',
    access: '- - r r r',
    goal: 'sidecars in sync, mTLS strict',
  }),
  row({
    id: 'topology/consistency/drift',
    order: 180,
    title: 'No undeclared difference between two environments',
    section: '2',
    access: 'r - r r r',
    goal: 'kinds, probes, configuration keys and images of two environments differ only where declared',
    planned: [wouldFail('one changed key, which is named')],
  }),
];
