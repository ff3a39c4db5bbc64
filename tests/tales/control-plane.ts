/** Who leads the control plane after a fault, and whom that disturbed. */
import { landedMs } from './landed.ts';
import { acted, changedIn, GATEWAY } from './others-acted.ts';
import { all, changed } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

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

/** A pod of the backend that an autoscaler took away meanwhile. */
const oneMoreBefore = changed('platform-pods', ({ pods, scaled }, look) => {
  const like = pods.find(({ pod }) => pod.startsWith('tender/tender-api-'));
  const workload = scaled.find(({ pod }) => pod === like?.pod)?.workload;
  if (look > 0 || like === undefined || workload === undefined) return {};
  const pod = `${like.pod.slice(0, -5)}zzzzz`;
  return { pods: [...pods, { ...like, pod, uid: 'scaled' }], scaled: [...scaled, { pod, workload }] };
});

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

export const TALES: readonly Tale[] = [
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
    must: 'pass',
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
    must: 'pass',
    bend: oneMoreBefore,
  },
  {
    number: 69,
    check: 'failover/control-plane/*',
    says: 'another one leads only 40 s after the kill, and somebody rolls out the gateway',
    must: 'fail',
    rule: 'elected',
    bend: all(electedLate, acted(changedIn(GATEWAY, 'spec.template'), 500)),
  },
  {
    number: 69,
    check: 'failover/control-plane/*',
    says: 'somebody rolls out the gateway during the drill',
    must: 'inconclusive',
    rule: 'undisturbed',
    bend: all(replaced('edge/gateway-'), acted(changedIn(GATEWAY, 'spec.template'), 500)),
  },
  {
    number: 69,
    check: 'failover/control-plane/*',
    says: 'an operator rolls out the gateway in answer to the fault',
    must: 'fail',
    rule: 'undisturbed',
    bend: all(
      replaced('edge/gateway-'),
      acted(changedIn(GATEWAY, 'spec.template'), 500, { owner: 'Gateway edge' }),
    ),
  },
  {
    check: 'failover/control-plane/*',
    says: 'somebody rolls out the gateway, and pods of the backend are replaced',
    must: 'fail',
    rule: 'undisturbed',
    bend: all(replaced('tender/tender-api-'), acted(changedIn(GATEWAY, 'spec.template'), 500)),
  },
];
