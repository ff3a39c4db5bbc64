/** Somebody else acted during a trial. */
import { landedMs } from './landed.ts';
import { all, changed, headed } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

/** What is not as it was before the trial. */
const differing = (...differences: string[]): Bend => changed('as-before', () => ({ differences }));

const rolledOut = (workload: string): Bend =>
  differing(`${workload}: changed in spec.template.spec.containers[0].image`);

/** Somebody acted so many ms after the fault. */
export const acted =
  (what: string, afterMs: number): Bend =>
  (history) => {
    const act = { kind: 'others-acted' as const, t: landedMs(history) + afterMs, what };
    return { ...history, observations: [...history.observations, act].toSorted((a, b) => a.t - b.t) };
  };

/** It came back, but later than its goal. */
const tooSlow = headed(({ goals }) => ({ goals: { ...goals, rtoSeconds: 1 } }));
const notBack = changed('steady-after', () => ({ ok: false, detail: 'a member is missing' }));

const STORE = 'StatefulSet tender/postgres';
export const GATEWAY = 'Deployment edge/gateway';
const ON_STORE = { number: 69, check: 'failover/postgres/pod-crash' } as const;
const ON_SERVICE = { number: 69, check: 'failover/{backend,ai}/{pod-crash,hang}' } as const;

export const TALES: readonly Tale[] = [
  {
    ...ON_STORE,
    says: 'an operator rolls out a new image of the store during the drill, and it is too slow',
    must: 'inconclusive',
    bend: all(tooSlow, rolledOut(STORE)),
  },
  {
    ...ON_STORE,
    says: 'a new image of the store is rolled out and taken back during the drill',
    must: 'inconclusive',
    bend: all(tooSlow, acted(`${STORE}: changed in spec.template`, 200)),
  },
  {
    ...ON_STORE,
    says: 'the network of all nodes is upgraded during the drill',
    must: 'inconclusive',
    bend: all(tooSlow, acted('DaemonSet kube-system/kube-proxy: changed in spec.template', 200)),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, and somebody rolls out the gateway, which its clients do not use',
    must: 'fail',
    bend: all(tooSlow, rolledOut(GATEWAY)),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, and is rolled out only after that',
    must: 'fail',
    bend: all(tooSlow, acted(`${STORE}: changed in spec.template`, 5_000)),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, and somebody scales it',
    must: 'fail',
    bend: all(tooSlow, differing(`${STORE}: changed in spec.replicas (was 3, is 4)`)),
  },
  {
    ...ON_SERVICE,
    says: 'somebody rolls out the gateway during the drill, and a pod is not back at once',
    must: 'inconclusive',
    bend: all(notBack, rolledOut(GATEWAY)),
  },
  {
    ...ON_SERVICE,
    says: 'a node goes during the drill, and a pod is not back',
    must: 'inconclusive',
    bend: all(notBack, acted('Node worker-2 is gone', 500)),
  },
  { ...ON_SERVICE, says: 'a pod is not back, and nobody acted', must: 'fail', bend: notBack },
];
