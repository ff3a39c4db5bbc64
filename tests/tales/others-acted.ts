/** Somebody else acted during a trial. */
import type { Change, ObjectName } from '../../reports/record/observations/change.ts';
import { first } from '../../reports/judge/observed.ts';
import { landedMs } from './landed.ts';
import { all, changed, headed, seen } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

const named = (object: string): ObjectName => {
  const [kind = '', namespace, name] = object.split(/[ /]/);
  return name === undefined ? { kind, name: namespace ?? '' } : { kind, namespace, name };
};

/** An object that changed in this field. */
export const changedIn = (object: string, field: string): Change => ({
  ...named(object),
  became: 'changed',
  fields: [field],
  text: `${object}: changed in ${field}`,
});
const gone = (object: string): Change => ({ ...named(object), became: 'gone', text: `${object} is gone` });

/** What is not as it was before the trial. */
const differing = (...differences: Change[]): Bend => changed('as-before', () => ({ differences }));

const rolledOut = (workload: string): Bend =>
  differing(changedIn(workload, 'spec.template.spec.containers[0].image'));

/** Somebody acted so many ms after the fault, and the last look before it was so long ago; an operator, where something owns the object. */
export const acted =
  (
    change: Change,
    afterMs: number,
    { lookMs = 500, ...by }: { lookMs?: number; owner?: string } = {},
  ): Bend =>
  (history) => {
    const t = landedMs(history) + afterMs;
    return seen({ kind: 'others-acted', t, change, ...by, betweenMs: [t - lookMs, t] })(history);
  };

/** It came back, but later than its goal. */
const tooSlow = headed(({ goals }) => ({ goals: { ...goals, rtoSeconds: 1 } }));
const notBack = changed('steady-after', () => ({ ok: false, detail: 'a member is missing' }));

const STORE = 'StatefulSet tender/postgres';
const OPERATOR = { owner: 'Cluster postgres' };
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
    bend: all(tooSlow, acted(changedIn(STORE, 'spec.template'), 200)),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, and its operator rolls its own set in answer to the fault',
    must: 'fail',
    bend: all(
      tooSlow,
      rolledOut(STORE),
      acted(changedIn(STORE, 'spec.template.metadata.annotations.restartedAt'), 600, OPERATOR),
    ),
  },
  {
    ...ON_STORE,
    says: 'a member is not back, and its operator has told the others to look elsewhere',
    must: 'fail',
    bend: all(notBack, acted(changedIn(STORE, 'spec.template.spec.containers[0].env'), 600, OPERATOR)),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, and its operator rolls out the image that a team has asked for',
    must: 'inconclusive',
    bend: all(tooSlow, acted(changedIn(STORE, 'spec.template.spec.containers[0].image'), 600, OPERATOR)),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, and its operator had begun to roll it before the fault',
    must: 'inconclusive',
    bend: all(
      tooSlow,
      acted(changedIn(STORE, 'spec.template.metadata.annotations.restartedAt'), -900, OPERATOR),
    ),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, a team rolls it out, and nobody could look until after the goal was missed',
    must: 'inconclusive',
    bend: all(tooSlow, acted(changedIn(STORE, 'spec.template'), 5_000, { lookMs: 5_000 })),
  },
  {
    ...ON_STORE,
    says: 'the network of all nodes is upgraded during the drill',
    must: 'inconclusive',
    bend: all(tooSlow, acted(changedIn('DaemonSet kube-system/kube-proxy', 'spec.template'), 200)),
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
    bend: all(tooSlow, acted(changedIn(STORE, 'spec.template'), 5_000)),
  },
  {
    ...ON_STORE,
    says: 'it is too slow, and somebody scales it',
    must: 'fail',
    bend: all(tooSlow, differing(changedIn(STORE, 'spec.replicas'))),
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
    bend: all(notBack, acted(gone('Node worker-2'), 500)),
  },
  {
    number: 69,
    check: 'failover/{postgres,ai}/node-loss',
    says: 'another node than the one that was hit goes during the drill, and a pod is not back',
    must: 'inconclusive',
    bend: all(notBack, acted(gone('Node worker-7'), 500)),
  },
  {
    number: 69,
    check: 'failover/{postgres,ai}/node-loss',
    says: 'the node that was hit is taken out of the cluster, and a pod is not back',
    must: 'fail',
    bend: all(notBack, (history) => {
      const { node } = first(history, 'fault-armed')?.members[0] ?? {};
      return acted(gone(`Node ${node ?? ''}`), 500)(history);
    }),
  },
  { ...ON_SERVICE, says: 'a pod is not back, and nobody acted', must: 'fail', bend: notBack },
];
