import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { ENTRY_ANNOTATION as OF_SAFETY } from '../../runner/safety/timers/undo-kube.ts';
import type { FaultMember } from '../../faults/_common/fault.ts';
import { AGENT, agentPod, ENTRY_ANNOTATION } from '../../faults/injectors/agent-pod.ts';
import { NodeInjector } from './node-injector.ts';
import { PodInjector, processesIn } from '../../faults/injectors/pod.ts';
import type { PodInjectorOptions } from '../../faults/injectors/pod.ts';
import { loseNode } from '../../faults/injectors/power.ts';

const member: FaultMember = {
  name: 'pg-1',
  uid: 'u-1',
  node: 'worker-1',
  containers: { postgres: `containerd://${'a'.repeat(64)}` },
};
type Request = { method: string; path: string; body?: unknown };

/** An injector whose pod runs at once and gives the same answer to every exec. */
function podInjector(
  answer: { code: number; stdout: string },
  over: Partial<PodInjectorOptions> = {},
  ofGet = 200,
) {
  const requests: Request[] = [];
  const performed: { title: string; rollbacks: unknown[] }[] = [];
  const asked: string[][] = [];
  const injector = new PodInjector(
    {
      namespace: 'plumbline-drill',
      image: 'tools/node:1',
      activeSeconds: 600,
      landingMs: 300,
      readyMs: 300,
      exec: (_, command) => {
        asked.push(command.slice(4));
        return Promise.resolve({ ...answer, stderr: '' });
      },
      power: null,
      ...over,
    },
    {
      check: 'failover/postgres/hang',
      perform: async (mutation) => {
        performed.push(mutation);
        await mutation.act();
      },
      kube: (request) => {
        requests.push(request);
        const status = request.method === 'POST' ? 201 : ofGet;
        return Promise.resolve({ status, body: { status: { phase: 'Running' } } });
      },
      timeoutMs: () => 300,
      signal: new AbortController().signal,
    },
  );
  return { injector, requests, performed, asked };
}

test('the pod is privileged on its one node, for a limited time, without API permissions', () => {
  const pod = agentPod({
    name: 'p',
    namespace: 'n',
    node: 'worker-1',
    image: 'i',
    activeSeconds: 600,
    check: 'failover/postgres/hang',
    annotations: {},
  }) as { spec: Record<string, unknown> };
  assert.deepEqual(
    [pod.spec['nodeName'], pod.spec['hostPID'], pod.spec['automountServiceAccountToken']],
    ['worker-1', true, false],
  );
  assert.ok(Number(pod.spec['activeDeadlineSeconds']) > 600);
  assert.doesNotMatch(AGENT, /\$\$/, 'Kubernetes halves doubled dollar signs');
  assert.equal(ENTRY_ANNOTATION, OF_SAFETY);
});

test('the pod is in the journal before it is created, and is created once per node', async () => {
  const { injector, requests, performed, asked } = podInjector({ code: 0, stdout: '12@34 abc\n7@8 abc\n' });
  const crash = await injector.crash(member);
  const cut = await injector.cut(member, [{ name: 'pg-0', address: '1.2.3.4' }], 't');
  assert.ok('act' in crash && 'act' in cut);
  assert.equal(performed.length, 1);
  const [rollback] = performed[0]?.rollbacks as { kind: string; path: string; marker: string }[];
  const posted = requests.find(({ method }) => method === 'POST')?.body as {
    metadata: { name: string; annotations: Record<string, string> };
  };
  assert.equal(rollback?.kind, 'kube-end');
  assert.ok(rollback.path.endsWith(`/namespaces/plumbline-drill/pods/${posted.metadata.name}`));
  assert.equal(posted.metadata.annotations[ENTRY_ANNOTATION], rollback.marker);
  assert.deepEqual(asked, [
    ['look', 'u-1'],
    ['look', 'u-1'],
  ]);
});

test('a target that the agent does not find is a reason; a failure of the agent is an error with its output', async () => {
  const nothing = podInjector({ code: 3, stdout: 'no process of the pod u-1 is on this node\n' });
  const prepared = await nothing.injector.crash(member);
  assert.match('reason' in prepared ? prepared.reason : '', /pg-1 on worker-1: no process/);
  const failing = podInjector({ code: 127, stdout: 'nsenter: not found' });
  await assert.rejects(failing.injector.crash(member), /exit 127: nsenter: not found/);
  const frozen = await podInjector({ code: 0, stdout: 'FROZEN 3 /x' }).injector.freeze(member, 'postgres');
  assert.match('reason' in frozen ? frozen.reason : '', /frozen already/);
  const absent = await podInjector({ code: 0, stdout: '' }).injector.freeze(member, 'sidecar');
  assert.match('reason' in absent ? absent.reason : '', /sidecar of pg-1 does not run/);
  const homeless = await podInjector({ code: 0, stdout: '' }).injector.crash({ ...member, node: null });
  assert.match('reason' in homeless ? homeless.reason : '', /no node/);
});

test('a partition has not landed while packets are not seen to be dropped', async () => {
  const { injector } = podInjector({ code: 0, stdout: '12@34 abc' }, {});
  const cut = await injector.cut(member, [{ name: 'pg-0', address: '1.2.3.4' }], 't');
  assert.ok('act' in cut);
  await assert.rejects(
    cut.act(() => undefined),
    SyntaxError,
  );
  assert.deepEqual(processesIn('12@34 abc\nrubbish\n7@8 none'), [
    { id: '12@34', pid: 12, start: 34 },
    { id: '7@8', pid: 7, start: 8 },
  ]);
});

test('a node that is powered off cannot be lost; for one that is on the power-on is recorded first', async (context) => {
  const power = {
    off: ['false'],
    on: ['echo', 'on', '{node}'],
    state: ['echo', 'power of {node}: off'],
    isOn: ': on',
    isOff: ': off',
    timeoutMs: 500,
  };
  const how = { signal: new AbortController().signal, providerIdOf: () => Promise.resolve(null) };
  const off = await loseNode(member, power, how);
  assert.match('reason' in off ? off.reason : '', /worker-1 must be on.*power of worker-1: off/);
  const on = await loseNode(member, { ...power, state: ['echo', 'power: on'], off: ['true'] }, how);
  assert.ok('act' in on);
  assert.deepEqual(on.rollbacks[0], {
    kind: 'node-power',
    node: 'worker-1',
    commands: {
      on: ['echo', 'on', 'worker-1'],
      state: ['echo', 'power: on'],
      isOn: ': on',
      isOff: ': off',
      timeoutMs: 500,
    },
  });
  setVariable(context, 'KUBERNETES_SERVICE_HOST', '10.0.0.1');
  const inPod = await loseNode(member, { ...power, state: ['echo', 'power: on'] }, how);
  assert.match('reason' in inPod ? inPod.reason : '', /runs in a pod/);
  const named = { ...power, state: ['echo', '{node} at london: off'], isOn: 'on', isOff: 'off' };
  assert.ok(
    'reason' in (await loseNode(member, named, how)),
    'the word for "on" is also part of another state',
  );
  const outcome = await on.act(() => undefined);
  assert.match(typeof outcome === 'string' ? outcome : '', /was not off within 0.5 s/);
});

test('a node is lost although its state command failed once meanwhile', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-power-'));
  context.after(() => rmSync(folder, { recursive: true }));
  // On at the first look, then a failure that speaks of "off", then off.
  const state = `n=$(cat looks); echo $n. >looks; case $n in .) echo is on;; ..) echo is off >&2; exit 7;; *) echo is off;; esac`;
  const power = {
    off: ['true'],
    on: ['true'],
    isOn: 'is on',
    isOff: 'is off',
    timeoutMs: 5_000,
    state: ['sh', '-c', `cd ${folder}; ${state}`],
  };
  writeFileSync(join(folder, 'looks'), '.');
  const signal = new AbortController().signal;
  const on = await loseNode(member, power, { signal, providerIdOf: () => Promise.resolve(null) });
  assert.ok('act' in on);
  const landing = await on.act(() => undefined);
  assert.match(
    typeof landing === 'string' ? landing : landing.proof,
    /the power of worker-1 is off: "is off"/,
  );
});

test('a node is lost by the id that its provider has for it, and none whose id cannot be an argument', async () => {
  const power = {
    off: ['true'],
    on: ['cloud', 'start', '{instanceId}'],
    state: ['echo', '{providerId} is on'],
    isOn: 'is on',
    isOff: 'is off',
    timeoutMs: 500,
  };
  const prepared = (providerId: string | null) =>
    loseNode(member, power, {
      signal: new AbortController().signal,
      providerIdOf: () => Promise.resolve(providerId),
    });
  const on = await prepared('aws:///eu-central-1a/i-0abc');
  assert.ok('act' in on);
  const [rollback] = on.rollbacks;
  assert.ok(rollback?.kind === 'node-power');
  assert.deepEqual(rollback.commands.on, ['cloud', 'start', 'i-0abc']);
  assert.deepEqual(rollback.commands.state, ['echo', 'aws:///eu-central-1a/i-0abc is on']);
  for (const [id, why] of [
    [null, /the Node worker-1 has no spec.providerID/],
    ['aws:///x/$(reboot)', /cannot be an argument: "aws:\/\/\/x\/\$\(reboot\)"/],
    ['--all', /cannot be an argument/],
    ['aws:///eu-central-1a/--all', /cannot be an argument: .*after the last \//],
    ['aws://-x', /cannot be an argument/],
    ['aws:///eu-central-1a/', /cannot be an argument/],
  ] as const) {
    const refused = await prepared(id);
    assert.match('reason' in refused ? refused.reason : '', why);
  }
});

test('a Node object that cannot be read is said to be that, and is read only where the commands need it', async () => {
  const power = {
    off: ['true'],
    on: ['true'],
    state: ['echo', '{node} is on'],
    isOn: 'is on',
    isOff: 'is off',
    timeoutMs: 500,
  };
  const byId = { ...power, on: ['cloud', 'start', '{instanceId}'] };
  for (const status of [403, 404]) {
    const { injector } = podInjector({ code: 0, stdout: '' }, { power: byId }, status);
    const refused = await injector.loseNode(member);
    assert.match(
      'reason' in refused ? refused.reason : '',
      new RegExp(`answered ${status} for the Node worker-1`),
    );
  }
  const { injector, requests } = podInjector({ code: 0, stdout: '' }, { power }, 403);
  assert.ok('act' in (await injector.loseNode(member)));
  assert.deepEqual(requests, []);
});

test('on this machine too, a target that does not exist is a reason', async () => {
  const signal = new AbortController().signal;
  const injector = new NodeInjector({ instance: 'local-small', size: 'small', landingMs: 100, signal });
  const nowhere = { ...member, uid: 'none-of-that-uid' };
  const cuts = [{ name: 'pg-0', address: '1.2.3.4' }];
  for (const prepared of [
    await injector.crash(nowhere),
    await injector.cut(nowhere, cuts, 't'),
    await injector.freeze(nowhere, 'postgres'),
    await injector.loseNode({ ...nowhere, node: null }),
  ])
    assert.ok('reason' in prepared && prepared.reason.includes('pg-1'));
});
