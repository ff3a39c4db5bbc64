import { declared, EVIDENCE, given } from '../../_objects/declaring.ts';
import { touching, WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/network/reachability',
    order: 50,
    touches: touching(EVIDENCE, {
      lists: ['v1/Node', 'v1/Pod', 'v1/Service', 'networking.k8s.io/v1/NetworkPolicy', ...WORKLOADS],
      makes: ['apps/v1/DaemonSet', 'v1/Service'],
      execs: ['canary'],
      runner: ['clocks.nodes'],
    }),
    title: 'Pods reach pods on every node, Services and the cluster DNS',
    section: '5.1',
    access: 'w w w w -',
    goal: 'pod to pod over every pair of nodes (a sample above 20 nodes), by pages of 16 KiB, one after the other and ten at once, with two families of addresses in both; pod to Service and cluster DNS in the first, and that resolves the names outside which are declared (topology.network.outsideNames); without a lost request once it answers; the declared CNI plugin is found; no clock of these nodes is off by more than 10 s',
    goals: { clockSeconds: 10 },
    requires: declared('network'),
    reads: given('network', 'workloads', 'pools', 'nodes'),
    withoutPlatform: true,
  }),
];
