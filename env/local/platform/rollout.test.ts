import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from '../../../host/run.ts';
import { lastSeen, type Seen, type SeenPod } from './rollout-seen.ts';
import { NotReadyError, waitRollout } from './rollout.ts';

const JAEGER = {
  metadata: { name: 'jaeger' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'jaeger' } } },
  status: { readyReplicas: 1, updatedReplicas: 2 },
};
const READY: SeenPod = {
  metadata: { name: 'jaeger-bcd-1' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
};
const PULLING: SeenPod = {
  metadata: { name: 'jaeger-bcd-2' },
  status: {
    phase: 'Pending',
    containerStatuses: [
      {
        name: 'jaeger',
        ready: false,
        state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling\n image' } },
      },
    ],
  },
};
const NOW = new Date('2026-01-01T00:01:00Z');
const warning = (name: string, second: number, reason: string) => ({
  involvedObject: { name },
  lastTimestamp: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`,
  reason,
  message: `of second ${String(second)}`,
});
const seen = (over: Partial<Seen> = {}): Seen => ({
  workload: JAEGER,
  pods: [READY, PULLING],
  events: [],
  now: NOW,
  ...over,
});

/** A context with a stub of kubectl: the rollout fails, and each `get` returns the given answer for its kind. */
function contextWith(answers: Record<string, unknown>) {
  const asked: string[] = [];
  return {
    asked,
    instance: 'local-small',
    kubeconfig: '/state/kubeconfig',
    kubectl: (argv: readonly string[]): Promise<string> => {
      asked.push(argv.join(' '));
      const result = {
        code: 1,
        signal: null,
        stdout: 'Waiting…',
        stderr: 'error: timed out waiting for the condition',
      };
      const answer = argv[0] === 'get' ? answers[argv[1] ?? ''] : undefined;
      return answer === undefined
        ? Promise.reject(new CommandError(['kubectl', ...argv], result, null))
        : Promise.resolve(JSON.stringify(answer));
    },
  } as const;
}

const ROLLOUT = { namespace: 'observability', workload: 'deployment/jaeger', deadlineMs: 120_000 };

async function errorOf(context: ReturnType<typeof contextWith>): Promise<Error> {
  const error = await waitRollout(context, ROLLOUT).then(
    () => assert.fail('it was ready'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof NotReadyError);
  return error;
}

test('should say what is not ready, where, since when, what was last seen, and what to run next', async () => {
  const context = contextWith({
    'deployment/jaeger': JAEGER,
    pods: { items: [READY, PULLING] },
    events: { items: [warning('jaeger-bcd-2', 56, 'Failed')] },
  });
  const { message, cause } = await errorOf(context);
  const told = message.replace(/waited [\d.]+ s/, 'waited N s').replace(/\d+ s ago/, 'M s ago');
  assert.deepEqual(told.split('\n'), [
    'observability/deployment/jaeger in local-small is not ready: waited N s for all its pods',
    '  last seen: 1 of 2 pods ready; pod jaeger-bcd-2: container jaeger waits, ImagePullBackOff (Back-off pulling image); ' +
      'latest warning, M s ago, of jaeger-bcd-2: Failed (of second 56)',
    '  kubectl said: error: timed out waiting for the condition',
    '  next: kubectl --kubeconfig /state/kubeconfig -n observability describe deployment/jaeger',
    '        npx plumbline env status --env local-small',
  ]);
  assert.ok(cause instanceof CommandError);
  assert.ok(context.asked.some((argv) => argv.includes('pods -l app=jaeger -n observability')));
});

test('should still name the workload if its state cannot be read', async () => {
  const { message } = await errorOf(contextWith({}));
  assert.match(message, /^observability\/deployment\/jaeger in local-small is not ready/);
  assert.match(message, /last seen: its state could not be read \(error: timed out waiting/);
});

test('should throw the reason of the signal that cancels the wait', async () => {
  const reason = new Error('interrupted by SIGINT');
  const context = { ...contextWith({}), kubectl: () => Promise.reject(reason) };
  await assert.rejects(waitRollout(context, ROLLOUT), reason);
});

test('should name the reason of each kind of pod that is not ready', () => {
  const podOf = (status: SeenPod['status']): string =>
    lastSeen(seen({ pods: [{ metadata: { name: 'p' }, status: status! }] })).split('; ')[1] ?? '';
  const ended = { reason: 'Error', exitCode: 1 };
  const unplaced = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/4 nodes' };
  assert.equal(podOf({ conditions: [unplaced] }), 'pod p: Unschedulable (0/4 nodes)');
  const crashing = { name: 'c', ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } };
  assert.equal(
    podOf({ containerStatuses: [{ ...crashing, lastState: { terminated: ended } }] }),
    'pod p: container c waits, CrashLoopBackOff, ended before: Error, exit code 1',
  );
  const running = { name: 'c', ready: false, state: {} };
  assert.equal(podOf({ containerStatuses: [running] }), 'pod p: container c runs, not ready');
  const init = { name: 'i', state: { terminated: ended } };
  assert.equal(
    podOf({ initContainerStatuses: [init], containerStatuses: [running] }),
    'pod p: container i ended: Error, exit code 1',
  );
  const done = { name: 'i', state: { terminated: { exitCode: 0 } } };
  assert.match(podOf({ initContainerStatuses: [done], containerStatuses: [running] }), /container c runs/);
  assert.equal(podOf({ phase: 'Pending' }), 'pod p: Pending');
});

test('should describe a workload without pods, a DaemonSet, and at most three pods', () => {
  const none = { ...JAEGER, status: {} };
  const refused = warning('jaeger-5d7f9', 40, 'FailedCreate');
  assert.equal(
    lastSeen(seen({ workload: none, pods: [], events: [refused] })),
    '0 of 2 pods ready; 0 of its newest template; it has no pod; ' +
      'latest warning, 20 s ago, of jaeger-5d7f9: FailedCreate (of second 40)',
  );
  const daemon = {
    ...JAEGER,
    spec: {},
    status: { numberReady: 3, desiredNumberScheduled: 7, updatedNumberScheduled: 7 },
  };
  const many = Array.from({ length: 5 }, (_, n) => ({ ...PULLING, metadata: { name: `p${String(n)}` } }));
  const text = lastSeen(seen({ workload: daemon, pods: many }));
  assert.match(text, /^3 of 7 pods ready; pod p0: .*; pod p2: [^;]*; and 2 more$/);
});

test('should show the latest warning of the workload, and none of another with a similar name', () => {
  const events = [
    warning('jaeger-bcd-2', 10, 'Failed'),
    warning('jaeger-bcd-2', 50, 'BackOff'),
    warning('jaeger-collector', 59, 'Unhealthy'),
  ];
  assert.match(lastSeen(seen({ events })), /latest warning, 10 s ago, of jaeger-bcd-2: BackOff/);
});
