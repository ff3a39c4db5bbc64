/** What a fault hit, and what it was armed for. */
import { first } from '../../reports/judge/observed.ts';
import type { Hit } from '../../reports/record/observations/failover.ts';
import { landedMs } from './landed.ts';
import { all, changed } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

/** The words of the proof say nothing. @param change of what was hit of each member */
const hit = (change: (seen: Hit) => Partial<Hit>): Bend =>
  changed('fault-landed', ({ hit: seen }) => ({
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

/** Requests until the fault came in the first part of their time alone; then none until after it. */
const earlier =
  (part: number): Bend =>
  (history) => {
    const { writes } = history;
    const [fromMs, untilMs] = [writes.sentMs[0] ?? 0, landedMs(history)];
    const moved = (times: Float64Array): Float64Array =>
      times.map((ms) => (ms < untilMs ? fromMs + (ms - fromMs) * part : ms));
    const { intendedMs, sentMs, doneMs } = writes;
    return {
      ...history,
      writes: {
        ...writes,
        intendedMs: moved(intendedMs),
        sentMs: moved(sentMs),
        doneMs: moved(doneMs),
      },
    };
  };

/** Checks with a fault that hits pods. */
const HITTING = [
  'failover/*/{pod-crash,pod-delete,hang,partition,node-loss,switchover,etcd-crash,leader-crash}',
  'telemetry/*/under-fault',
];

export const TALES: readonly Tale[] = [
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
    must: 'pass',
    bend: changed('rollout-done', () => ({ replaced: 3 })),
  },
  {
    number: 45,
    check: 'failover/*/node-loss',
    says: 'the node that was lost held none of the members',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: hit(() => ({ node: 'worker-9' })),
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
    number: 47,
    check: 'failover/ai/*',
    says: 'no job was accepted any more in the seconds before the fault, so none is known to have been in flight',
    must: 'inconclusive',
    rule: 'jobs/in-flight',
    bend: earlier(0.5),
  },
  {
    check: 'failover/ai/*',
    says: 'jobs were accepted a little faster before the fault',
    must: 'pass',
    bend: earlier(0.9),
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
    must: 'pass',
    bend: hitAnother('tender-api-5d8f7c9b44-x7k2p'),
  },
  ...HITTING.flatMap((check): Tale[] => [
    {
      check,
      says: 'the words of the proof say nothing, and its data everything',
      must: 'pass',
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
    {
      number: 44,
      check,
      says: 'nothing was hit, whatever the words of the proof say',
      must: 'inconclusive',
      bend: changed('fault-landed', () => ({ hit: [] })),
    },
  ]),
  {
    number: 44,
    check: 'failover/*/*-crash',
    says: 'the processes that were ended are none of those that were found when arming',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: hit(({ processes = '' }) => ({ processes: processes.replaceAll('@', '@9') })),
  },
  {
    number: 44,
    check: 'failover/*/*-crash',
    says: 'a process was ended that was there when the fault was armed, and is of another pod',
    must: 'inconclusive',
    rule: 'coherence/fault',
    bend: hit(({ processes = '' }) => ({ processes: `${processes} 7@9` })),
  },
  {
    check: 'failover/*/{*-crash,hang}',
    says: 'a process that had begun since was hit as well',
    must: 'pass',
    bend: hit(({ processes = '' }) => ({ processes: `${processes} 31999@99999999` })),
  },
];
