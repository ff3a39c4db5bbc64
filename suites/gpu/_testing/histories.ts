/** An invented pool of devices for the tests of its judges. */
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

export const RESOURCE = 'nvidia.com/gpu';
export const TAINT = { key: RESOURCE, effect: 'NoSchedule' };
export const GPU = {
  resource: RESOURCE,
  kind: 'whole',
  pool: 'gpu',
  devicesPerNode: 2,
  sharedBy: 1,
  simulated: true,
  plugin: { namespace: 'kube-system', name: 'device-plugin' },
  metrics: { series: 'util', maximum: 1, labels: { device: 'device', node: 'node', pod: 'pod' } },
};
const POOL = { name: 'gpu', count: { min: 1, max: 1 }, labels: { pool: 'gpu' }, taints: [TAINT] };

export function gpu(
  check: string,
  seen: Seen[],
  declared: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Judgement {
  const settings = {
    gpu: { ...GPU, ...declared },
    pools: [POOL],
    scrapeSeconds: 5,
    writes: true,
    namespaces: { canary: 'canary' },
    ...more,
  };
  return judge({ check: `gpu/${check}`, settings, goals: { releaseSeconds: 30, freshScrapes: 2 }, seen });
}

export const node = (more: Record<string, unknown> = {}): Seen => [
  'gpu-node',
  { name: 'gpu-1', pool: true, ready: true, allocatable: 2, ...more },
];
/** What the pods of the node ask for, one device each. */
export const asked = (...pods: string[]): Seen => [
  'gpu-requested',
  { node: 'gpu-1', holders: pods.map((pod) => ({ pod, asked: 1 })) },
];
export const holds = (pod: string, more: Record<string, unknown> = {}): Seen => [
  'gpu-pod',
  {
    pod,
    asked: 1,
    state: 'ready',
    node: 'gpu-1',
    devices: [`dev-of-${pod}`],
    reportedBy: 'variable',
    detail: 'Running',
    ...more,
  },
];
export const REFUSED = {
  state: 'refused',
  node: null,
  devices: null,
  reportedBy: null,
  detail: '0/7 nodes are available: 7 Insufficient nvidia.com/gpu.',
};
export const busy: Seen = ['gpu-busy', { free: 0, offered: 2, needed: 1 }];
/** One pod that must not be placed. */
export const refused = (more: Record<string, unknown> = {}): Seen => [
  'gpu-refused',
  {
    pod: 'gpu-stranger-0',
    role: 'stranger',
    bound: 'gpu-1',
    node: null,
    state: 'refused',
    tolerated: null,
    source: 'event',
    detail: 'Pending',
    message: '0/7 nodes are available: 1 node(s) had untolerated taint(s).',
    ...more,
  },
];
