import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldUpBy, stateOf } from './held-up.ts';
import type { Stuck } from './held-up.ts';

interface Given {
  /** `message`: of the condition `type`, by default the scheduler's. */
  pod?: {
    nodeName?: string;
    state?: object;
    reason?: string;
    phase?: string;
    message?: string;
    type?: string;
  };
  claim?: { phase?: string; chosen?: boolean };
  events?: [of: 'pod' | 'claim', reason: string, message: string][] | null;
}

function podOf({ nodeName, state = {}, message, type = 'PodScheduled', ...status }: Given['pod'] & object) {
  const isTrue = type === 'PodScheduled' ? 'False' : 'True';
  const conditions = message === undefined ? [] : [{ type, status: isTrue, message }];
  return {
    metadata: { name: 'p', uid: 'pod' },
    spec: nodeName === undefined ? {} : { nodeName },
    status: { ...status, conditions, containerStatuses: [{ name: 'canary', state }] },
  };
}

function claimOf({ phase = 'Bound', chosen = false }: Given['claim'] & object) {
  const annotations = chosen ? { 'volume.kubernetes.io/selected-node': 'w1' } : {};
  return {
    metadata: { name: 'persist', uid: 'claim', annotations },
    spec: { volumeName: 'pvc-1' },
    status: { phase },
  };
}

function held({ pod = {}, claim = {}, events = [] }: Given) {
  const listed = events?.map(([uid, reason, message]) => ({ involvedObject: { uid }, reason, message }));
  const stuck = { pod: podOf(pod), claim: claimOf(claim), events: listed ?? null };
  return heldUpBy(stuck as unknown as Stuck, 'canary');
}
const causeOf = (given: Given): string => held(given).cause;

const CORDONED = '0/3 nodes are available: 3 node(s) were unschedulable.';
const pending = { phase: 'Pending' };
const creating = { waiting: { reason: 'ContainerCreating' } };

test('should not blame a claim that waits for its first pod, where the pod fits nowhere', () => {
  const { cause, seen } = held({ pod: { message: CORDONED }, claim: pending });
  assert.equal(cause, 'pod');
  assert.match(seen, /^the claim is Pending, and the pod is on no node: 0\/3 nodes are available/);
  assert.equal(causeOf({ pod: { message: CORDONED } }), 'pod', 'a claim that is Bound');
  const waits: Given['events'] = [['claim', 'WaitForFirstConsumer', 'waiting for first consumer']];
  assert.equal(causeOf({ pod: { message: CORDONED }, claim: pending, events: waits }), 'pod');
});

test('should blame a claim that is not bound although nothing else is waited for', () => {
  assert.equal(causeOf({ pod: { nodeName: 'w1', state: creating }, claim: pending }), 'volume');
  assert.equal(causeOf({ pod: {}, claim: { ...pending, chosen: true } }), 'volume', 'its node is chosen');
  const immediate = '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.';
  assert.equal(causeOf({ pod: { message: immediate }, claim: pending }), 'volume');
  const failed: Given['events'] = [['claim', 'ProvisioningFailed', 'quota exceeded']];
  const provisioner = held({ pod: { message: CORDONED }, claim: pending, events: failed });
  assert.deepEqual([provisioner.cause, /quota exceeded/.test(provisioner.seen)], ['volume', true]);
  const unread = held({ pod: { message: CORDONED }, claim: pending, events: null });
  assert.deepEqual([unread.cause, /events cannot be read/.test(unread.seen)], ['pod', true]);
});

test('should blame a volume that is not attached or mounted, and only while nothing was started', () => {
  const cause = (state: object, reason: string, message: string): string =>
    causeOf({ pod: { nodeName: 'w1', state }, events: [['pod', reason, message]] });
  const attach = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) x';
  assert.equal(cause(creating, 'FailedAttachVolume', attach), 'volume');
  const timedOut = (names: string) =>
    `Unable to attach or mount volumes: unmounted volumes=[${names}], unattached volumes=[]: timed out`;
  assert.equal(cause(creating, 'FailedMount', timedOut('proxy data')), 'volume');
  assert.equal(cause(creating, 'FailedMount', timedOut('proxy-data')), 'pod', 'a volume of somebody else');
  const other = 'MountVolume.SetUp failed for volume "proxy" : configmap "mesh" not found';
  assert.equal(cause(creating, 'FailedMount', other), 'pod');
  assert.equal(cause({ waiting: { reason: 'ImagePullBackOff' } }, 'FailedAttachVolume', attach), 'pod');
  assert.equal(cause({ running: {} }, 'FailedAttachVolume', attach), 'pod');
});

test('should blame the volume where writing or reading failed, and not where the container was ended', () => {
  const ended = (exitCode: number, more: Given['pod'] = {}, reason = 'Error'): string =>
    causeOf({ pod: { nodeName: 'w1', state: { terminated: { exitCode, reason } }, ...more } });
  assert.equal(ended(1), 'volume');
  assert.equal(ended(137, {}, 'OOMKilled'), 'pod');
  assert.equal(ended(143), 'pod', 'by a signal');
  assert.equal(ended(127), 'pod', 'the image lacks a command');
  assert.equal(ended(128, {}, 'StartError'), 'pod');
  assert.equal(ended(1, { phase: 'Failed', reason: 'Evicted' }), 'pod');
  assert.equal(ended(1, { type: 'DisruptionTarget', message: 'preempted' }), 'pod');
  assert.equal(causeOf({ pod: { phase: 'Failed', reason: 'Evicted' } }), 'pod', 'before it was started');
});

test('should know nothing of a pod that is not there', () => {
  assert.equal(heldUpBy({ pod: undefined, claim: undefined, events: [] }, 'canary').cause, 'pod');
  assert.deepEqual(stateOf(undefined, 'canary'), {});
});
