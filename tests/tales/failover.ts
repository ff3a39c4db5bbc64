import { first } from '../../reports/judge/observed.ts';
import { OUTCOMES } from '../../reports/record/history/history.ts';
import type { History } from '../../reports/record/history/history.ts';
import { all, changed, ended, headed } from './tale.ts';
import type { Hit } from '../../reports/record/observations/failover.ts';
import type { Bend, Tale } from './tale.ts';

const landedMs = (history: History): number => first(history, 'fault-landed')?.t ?? Infinity;
const armedMs = (history: History): number => first(history, 'fault-armed')?.t ?? Infinity;
const lastMs = ({ reads }: History): number => reads.intendedMs.reduce((last, one) => Math.max(last, one), 0);

/** Everything that was seen after that time, so much later. */
const delayed =
  (afterMs: (history: History) => number, byMs: number): Bend =>
  (history) => ({
    ...history,
    observations: history.observations.map((one) =>
      one.t > afterMs(history) ? { ...one, t: one.t + byMs } : one,
    ),
  });

/** Reads that failed, by the time when they were due: ms since the landing, and ms until the last of them. */
const readsOut =
  (during: (sinceMs: number, leftMs: number) => boolean): Bend =>
  (history) => {
    const [fromMs, toMs] = [landedMs(history), lastMs(history)];
    return ended('reads', ({ index, intendedMs }) =>
      history.reads.outcome[index] === OUTCOMES.ok && during(intendedMs - fromMs, toMs - intendedMs)
        ? 'fail'
        : undefined,
    )(history);
  };

const readsWithin = (readsRtoSeconds: number): Bend =>
  headed(({ goals }) => ({ goals: { ...goals, readsRtoSeconds } }));

/** Writes without an answer, by the time until the fault was armed, ms. */
const unansweredBefore =
  (of: (leftMs: number, index: number) => boolean): Bend =>
  (history) => {
    const fromMs = armedMs(history);
    return ended('writes', ({ index, intendedMs }) =>
      of(fromMs - intendedMs, index) ? 'unknown' : undefined,
    )(history);
  };

/** Whoever led the control plane after it was hit. */
const ledAfterwards = (leader: string | null): Bend =>
  all(
    changed('leader', ({ leader: seen, final }) => (seen === 'control-1' || final === true ? {} : null)),
    changed('leader', ({ final }) => (final === true ? { leader } : {})),
  );

const podsNow = (left: (pod: string, index: number) => boolean): Bend =>
  changed('platform-pods', ({ pods }, look) => {
    let index = 0;
    return look === 0
      ? {}
      : { pods: pods.filter(({ pod }) => !pod.startsWith('tender/tender-api-') || left(pod, index++)) };
  });

/** A pod is hit, and nothing but words says which. */
const proved = (change: (proof: string) => string): Bend =>
  all(
    changed('fault-armed', ({ members }) => ({
      members: members.map(({ name, uid, node, found }) => ({ name, uid, node, found })),
    })),
    changed('fault-landed', ({ proof }) => ({ proof: change(proof), hit: undefined })),
  );

/** The words of the proof say nothing. @param change of what was hit of each member */
const hit = (change: (seen: Hit) => Partial<Hit>): Bend =>
  changed('fault-landed', ({ hit: seen = [] }) => ({
    proof: 'done',
    hit: seen.map((one) => ({ ...one, ...change(one) })),
  }));

/** The fault hit a pod of that name from its beginning to its proof. */
const hitAnother =
  (name: string): Bend =>
  (history) => {
    const old = first(history, 'fault-armed')?.members[0]?.name ?? '';
    return all(
      changed('fault-armed', ({ members }) => ({
        target: name,
        members: members.map((one) => ({ ...one, name })),
      })),
      changed('fault-acted', () => ({ member: name })),
      changed('fault-landed', ({ proof }) => ({ proof: proof.replaceAll(old, name) })),
    )(history);
  };

/** A pod of the backend that an autoscaler took away meanwhile. */
const oneMoreBefore = changed('platform-pods', ({ pods, scaled }, look) => {
  const like = pods.find(({ pod }) => pod.startsWith('tender/tender-api-'));
  const workload = scaled.find(({ pod }) => pod === like?.pod)?.workload;
  if (look > 0 || like === undefined || workload === undefined) return {};
  const pod = `${like.pod.slice(0, -5)}zzzzz`;
  return { pods: [...pods, { ...like, pod, uid: 'scaled' }], scaled: [...scaled, { pod, workload }] };
});

/** What is not as it was before the trial. */
const differing = (...differences: string[]): Bend => changed('as-before', () => ({ differences }));

const rolledOut = (workload: string): Bend =>
  differing(`${workload}: changed in spec.template.spec.containers[0].image`);

/** Somebody acted so many ms after the fault. */
const acted =
  (what: string, afterMs: number): Bend =>
  (history) => {
    const act = { kind: 'others-acted' as const, t: landedMs(history) + afterMs, what };
    return { ...history, observations: [...history.observations, act].toSorted((a, b) => a.t - b.t) };
  };

/** It came back, but later than its goal. */
const tooSlow = headed(({ goals }) => ({ goals: { ...goals, rtoSeconds: 1 } }));
const notBack = changed('steady-after', () => ({ ok: false, detail: 'a member is missing' }));
const electedLate: Bend = (history) =>
  changed('leader', ({ leader, final }) =>
    leader === 'control-1' || final === true ? {} : { t: landedMs(history) + 40_000 },
  )(history);

/** Pods whose names begin so were replaced meanwhile. */
const replaced = (prefix: string): Bend =>
  changed('platform-pods', ({ pods }, look) =>
    look === 0
      ? {}
      : { pods: pods.map((one) => (one.pod.startsWith(prefix) ? { ...one, uid: `${one.uid}-2` } : one)) },
  );

const STORE = 'StatefulSet tender/postgres';
const GATEWAY = 'Deployment edge/gateway';
const ON_STORE = { number: 69, check: 'failover/postgres/pod-crash' } as const;
const ON_SERVICE = { number: 69, check: 'failover/{backend,ai}/{pod-crash,hang}' } as const;

const PASS = 'pass' as const;

/** Checks with a fault that hits pods. */
const HITTING = [
  'failover/*/{pod-crash,pod-delete,hang,partition,node-loss,switchover,etcd-crash,leader-crash}',
  'telemetry/*/under-fault',
];

export const TALES: readonly Tale[] = [
  {
    number: 27,
    check: 'failover/query/*',
    says: 'clients get an answer only 170 s after the crash',
    must: 'fail',
    rule: 'answered',
    bend: delayed(landedMs, 170_000),
  },
  {
    check: 'failover/query/*',
    says: 'the answers that clients got are from before the crash',
    must: 'inconclusive',
    rule: 'answered',
    bend: (history) =>
      changed('query-answers', ({ when }) => (when === 'after' ? { t: landedMs(history) - 1_000 } : {}))(
        history,
      ),
  },
  {
    check: 'failover/query/*',
    says: 'it took clients five seconds more to get every answer',
    must: PASS,
    bend: delayed(landedMs, 5_000),
  },
  {
    number: 34,
    check: 'failover/postgres/*',
    says: 'no read succeeds until long after writes are back',
    must: 'fail',
    rule: 'reads/outage',
    bend: all(
      readsWithin(1),
      readsOut((sinceMs, leftMs) => sinceMs > 0 && leftMs > 6_000),
    ),
  },
  {
    check: 'failover/redis/hang',
    says: 'no read succeeds for longer than the goal of the RTO, and reads have none of their own',
    must: 'fail',
    rule: 'reads/outage',
    bend: readsOut((sinceMs, leftMs) => sinceMs > 0 && leftMs > 6_000),
  },
  {
    check: 'failover/redis/{hang,node-loss,partition}',
    says: 'reads succeed at the end only for an instant at a time',
    must: 'fail',
    rule: 'reads/outage',
    bend: all(
      readsWithin(2),
      readsOut((sinceMs, leftMs) => sinceMs > 0 && leftMs > 6_000 && sinceMs % 1_000 > 200),
    ),
  },
  {
    check: 'failover/postgres/*',
    says: 'a read fails beside the others, seconds before the end',
    must: PASS,
    bend: readsOut((_, leftMs) => leftMs > 3_000 && leftMs <= 3_050),
  },
  {
    number: 43,
    check: 'failover/postgres/*',
    says: 'every third write fails until 3 s before the fault',
    must: 'inconclusive',
    rule: 'steady-before',
    bend: unansweredBefore((leftMs, index) => leftMs > 3_000 && index % 3 === 0),
  },
  {
    check: 'failover/postgres/*',
    says: 'one write fails a second before the fault is armed',
    must: PASS,
    bend: unansweredBefore((leftMs) => leftMs > 1_000 && leftMs <= 1_005),
  },
  {
    number: 48,
    check: 'failover/control-plane/*',
    says: 'nobody else ever leads',
    must: 'fail',
    rule: 'elected',
    bend: ledAfterwards(null),
  },
  {
    check: 'failover/control-plane/*',
    says: 'the one that was killed leads to the end',
    must: 'fail',
    rule: 'elected',
    bend: ledAfterwards('control-1'),
  },
  {
    check: 'failover/control-plane/*',
    says: 'another one leads only 40 s after the kill',
    must: 'fail',
    rule: 'elected',
    bend: electedLate,
  },
  {
    check: 'failover/control-plane/*',
    says: 'the third one leads in place of the second',
    must: PASS,
    bend: changed('leader', ({ leader }) => (leader === 'control-2' ? { leader: 'control-3' } : {})),
  },
  {
    number: 49,
    check: 'failover/control-plane/*',
    says: 'both pods of the backend are gone, which has an autoscaler',
    must: 'fail',
    rule: 'undisturbed',
    bend: podsNow(() => false),
  },
  {
    check: 'failover/control-plane/*',
    says: 'one pod of the backend is gone, fewer than it must have',
    must: 'fail',
    rule: 'undisturbed',
    bend: podsNow((_, index) => index > 0),
  },
  {
    check: 'failover/control-plane/*',
    says: 'the autoscaler took away the third pod of the backend',
    must: PASS,
    bend: oneMoreBefore,
  },
  {
    number: 66,
    check: 'failover/*/rolling-restart',
    says: 'one of two pods was replaced',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: changed('rollout-done', () => ({ replaced: 1 })),
  },
  {
    check: 'failover/*/rolling-restart',
    says: 'the autoscaler had added a third pod, which was replaced as well',
    must: PASS,
    bend: changed('rollout-done', () => ({ replaced: 3 })),
  },
  {
    number: 45,
    check: 'failover/*/node-loss',
    says: 'the node that was lost held none of the members',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: proved((proof) => proof.replaceAll(/worker-\d/g, 'worker-9')),
  },
  {
    number: 46,
    check: 'failover/ai/pod-*',
    says: 'the pod that was killed is of another application',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: hitAnother('llm-stub-5d8f7c9b44-x7k2p'),
  },
  {
    number: 46,
    check: 'failover/backend/pod-crash',
    says: 'the pod that was killed is of another application',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: hitAnother('tender-api-canary-5d8f7c9b44-x7k2p'),
  },
  {
    check: 'failover/*/rolling-restart',
    says: 'another Deployment was rolled out',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: changed('fault-armed', () => ({ target: 'Deployment tender/llm-stub' })),
  },
  {
    check: 'failover/backend/pod-crash',
    says: 'another pod of the backend was killed',
    must: PASS,
    bend: hitAnother('tender-api-5d8f7c9b44-x7k2p'),
  },
  {
    number: 44,
    check: 'failover/*/pod-crash',
    says: 'the proof names another pod',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: proved(
      () =>
        'all 2 processes of nginx-7 on worker-9 are gone, the last of them between 1.0 and 2.0 ms: 7@9 8@9',
    ),
  },
  {
    number: 44,
    check: 'failover/*/*-crash',
    says: 'the proof names processes that were not found when arming',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: proved((proof) => proof.replaceAll(/(\d+)@(\d+)/g, '$1@9$2')),
  },
  {
    check: 'failover/*/pod-crash',
    says: 'the proof is of the pod on another node',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: proved((proof) => proof.replaceAll(/on worker-\d/g, 'on worker-9')),
  },
  {
    check: 'failover/postgres/hang',
    says: 'a process was begun between arming and freezing',
    must: PASS,
    bend: proved((proof) => `${proof} 31999@1999999`),
  },
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
  {
    number: 69,
    check: 'failover/control-plane/*',
    says: 'another one leads only 40 s after the kill, and somebody rolls out the gateway',
    must: 'fail',
    rule: 'elected',
    bend: all(electedLate, acted(`${GATEWAY}: changed in spec.template`, 500)),
  },
  {
    number: 69,
    check: 'failover/control-plane/*',
    says: 'somebody rolls out the gateway during the drill',
    must: 'inconclusive',
    rule: 'undisturbed',
    bend: all(replaced('edge/gateway-'), acted(`${GATEWAY}: changed in spec.template`, 500)),
  },
  {
    check: 'failover/control-plane/*',
    says: 'somebody rolls out the gateway, and pods of the backend are replaced',
    must: 'fail',
    rule: 'undisturbed',
    bend: all(replaced('tender/tender-api-'), acted(`${GATEWAY}: changed in spec.template`, 500)),
  },
  ...HITTING.flatMap((check): Tale[] => [
    {
      check,
      says: 'the words of the proof say nothing, and its data everything',
      must: PASS,
      bend: hit(() => ({})),
    },
    {
      number: 44,
      check,
      says: 'another pod was hit, by its uid',
      must: 'inconclusive',
      bend: hit(() => ({ uid: 'c0ffee00-0000-4000-8000-000000000000' })),
    },
    {
      number: 44,
      check,
      says: 'the pod was hit on another node',
      must: 'inconclusive',
      bend: hit(() => ({ node: 'worker-9' })),
    },
  ]),
  {
    number: 44,
    check: 'failover/*/*-crash',
    says: 'a process was ended that was there when the fault was armed, and is of another pod',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: hit(({ processes = '' }) => ({ processes: `${processes} 7@9` })),
  },
  {
    check: 'failover/*/*-crash',
    says: 'a process that had begun since was ended as well',
    must: PASS,
    bend: hit(({ processes = '' }) => ({ processes: `${processes} 31999@99999999` })),
  },
];
