import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Machine } from '../../../faults/_common/rollback.ts';
import { leftOpen, openSafety, restoreEnvironment } from '../index.ts';
import type { RestoreOptions, SafetyOptions } from '../index.ts';
import { Journal } from './journal.ts';
import { dropFromMirror, Mirror } from './mirror.ts';
import { safetyFolder } from '../lease/place.ts';
import { TestApi } from '../_testing/api.ts';
import { Timers } from '../timers/timers.ts';
import { leftBy, MIRROR, mirrorOf, POWER, powerHere } from './_testing/left.ts';
import { NODE, nodeRef, openForTest as open, safetyOptions as options } from '../_testing/safety.ts';
import { clockAhead } from '../_testing/clock.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
const DELETED = '/api/v1/namespaces/x/configmaps/canary';
const LEFT = {
  seq: 1,
  title: 'canary made',
  check: 'c',
  state: 'pending',
  rollback: { kind: 'kube-delete', path: DELETED },
};
test('begins nothing while another machine has something open, and touches neither it nor its mirror nor its Job', async () => {
  const api = new TestApi();
  api.put(DELETED, {});
  leftBy(api, [LEFT]);
  const before = mirrorOf(api);
  await assert.rejects(openSafety(options(api)), (error: Error & { exitCode?: number }) => {
    assert.equal(error.exitCode, 75);
    assert.match(
      error.message,
      /laptop-a has left changes open in this cluster: canary made\. Nothing was begun/,
    );
    assert.match(error.message, /Type `plumbline restore --env env-\d+`/);
    return true;
  });
  assert.equal(mirrorOf(api), before);
  assert.equal(api.objects.has(DELETED), true);
  assert.deepEqual(
    api.requests.filter(({ method, path }) => method === 'DELETE' && path.includes('/jobs')),
    [],
  );
});

test('does not take its own entries for those of another machine', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const given = options(api);
  const safety = await openSafety(given);
  await safety.patch('topology/nodes/pools', nodeRef, { spec: { unschedulable: true } });
  const mirrored = JSON.parse(mirrorOf(api)) as unknown[];
  assert.equal(mirrored.length, 1);
  await safety.close();
  // As after a run that was killed and undone by its timers, which do not write the mirror.
  leftBy(api, mirrored);
  await (await openSafety(given)).close();
});

/** An owner has as long as a test takes. */
const ownerGraceMs = 50;

/** How the file of this machine says that a node is switched on: into a file. */
test('false verdict 23: a node that a machine which is gone left off is switched on from here, by the commands of the file here', async () => {
  const api = new TestApi();
  api.put(NODE, {});
  leftBy(api, [POWER]);
  const { powerOn, switched } = powerHere();
  const given = { ...options(api), powerOn, ownerGraceMs };
  const report = await restoreEnvironment(given);
  assert.deepEqual(report.failed, []);
  assert.deepEqual(report.undone, [
    'power of worker-1, switched off by laptop-a (node-loss of tender/pg-1) (failover/postgres/node-loss)',
  ]);
  assert.equal(switched(), 'worker-1: on\n');
  assert.deepEqual(JSON.parse(mirrorOf(api)), []);
  // Once more, and the next start: nothing is left.
  assert.equal((await restoreEnvironment(given)).actions, 0);
});

test('false verdict 23: what cannot be switched on from here is refused or stays on record, and never lost', async () => {
  const api = new TestApi();
  leftBy(api, [POWER]);
  const { powerOn, switched } = powerHere();
  const restore = (of: Pick<RestoreOptions, 'powerOn'>) =>
    restoreEnvironment({ ...options(api), ...of, ownerGraceMs });
  await assert.rejects(
    restore({}),
    /node-loss of tender\/pg-1: the environment file on this machine does not declare how worker-1 is switched on/,
  );
  await assert.rejects(restore({ powerOn }), /answered 404 for the node worker-1/);
  api.put(NODE, {});
  const hostile = { ...POWER, rollback: { kind: 'node-power', node: '$(reboot)' } };
  leftBy(api, [hostile]);
  // Whatever the API server answers for that name.
  api.put('/api/v1/nodes/$(reboot)', {});
  await assert.rejects(restore({ powerOn }), /has left changes open/);
  assert.equal(switched(), '');
  leftBy(api, [POWER, LEFT]);
  // The power comes back; what only its undo Job undoes is waited for, and stays theirs.
  await assert.rejects(restore({ powerOn }), /left changes open in this cluster that .*: canary made\. /);
  assert.equal(switched(), 'worker-1: on\n');
  assert.deepEqual(JSON.parse(mirrorOf(api)), [LEFT]);
});

test('a node is switched on from here by the id that its Node object has, and by none that the mirror brings', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: { providerID: 'cloud:///zone/i-7' } });
  leftBy(api, [{ ...POWER, rollback: { ...POWER.rollback, providerId: 'cloud:///zone/other' } }]);
  const { powerOn, switched } = powerHere();
  const seen: Machine[] = [];
  const given = { ...options(api), ownerGraceMs };
  const refused = { ...given, powerOn: () => ({ reason: 'it cannot be named' }) };
  await assert.rejects(restoreEnvironment(refused), /node-loss of tender\/pg-1: it cannot be named/);
  await restoreEnvironment({ ...given, powerOn: (machine) => (seen.push(machine), powerOn(machine)) });
  assert.deepEqual(seen, [{ node: 'worker-1', providerId: 'cloud:///zone/i-7' }]);
  assert.equal(switched(), 'worker-1: on\n');
});

test('a plain run never acts on what another machine has left open, and says what to type', async () => {
  const api = new TestApi();
  api.put(NODE, {});
  leftBy(api, [POWER]);
  const { powerOn, switched } = powerHere();
  // Also where a file with the commands is at hand.
  const given: RestoreOptions = { ...options(api, 'rack'), powerOn };
  await assert.rejects(openSafety(given), /Nothing was begun\. Type `plumbline restore --env rack`/);
  await assert.rejects(
    openSafety({ ...given, envOption: 'ops/rack.yaml' }),
    /Type `plumbline restore --env ops\/rack\.yaml`/,
  );
  assert.equal(switched(), '');
  assert.deepEqual(JSON.parse(mirrorOf(api)), [POWER]);
});

test('a takeover waits for the machine that left it, without holding the Lease, and does nothing when that one undid it', async () => {
  const api = new TestApi();
  api.put(NODE, {});
  leftBy(api, [POWER]);
  const { powerOn, switched } = powerHere();
  const holders: unknown[] = [];
  const notice = (line: string): void => {
    if (!line.includes('to undo this')) return;
    setTimeout(() => {
      holders.push((api.objects.get(LEASE)?.['spec'] as { holderIdentity: string }).holderIdentity);
      leftBy(api, []);
    }, 10);
  };
  const report = await restoreEnvironment({ ...options(api), powerOn, ownerGraceMs: 60, notice });
  assert.equal(report.actions, 0);
  assert.deepEqual(holders, ['']);
  assert.equal(switched(), '');
});

test('what another run leaves while the first is waited for has not been waited for', async () => {
  const api = new TestApi();
  api.put(NODE, {});
  leftBy(api, [POWER]);
  const { powerOn, switched } = powerHere();
  const later = { ...POWER, id: '3f0c4b1e-8d0a-4d7e-9f55-1d3b1f6f2a13' };
  const notice = (line: string): void => {
    if (line.includes('to undo this')) setTimeout(() => leftBy(api, [later]), 10);
  };
  await assert.rejects(
    restoreEnvironment({ ...options(api), powerOn, ownerGraceMs: 60, notice }),
    /its own machine still has up to 75 s to undo it/,
  );
  assert.equal(switched(), '');
});

test('nothing is taken over under a kill switch', async () => {
  const api = new TestApi();
  api.put(NODE, {});
  leftBy(api, [POWER]);
  api.put('/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop', { data: { reason: 'night' } });
  const { powerOn, switched } = powerHere();
  await assert.rejects(
    restoreEnvironment({ ...options(api), powerOn, ownerGraceMs }),
    /kill switch .*"night"/,
  );
  // Also one that is set while the owner is waited for.
  api.objects.delete('/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop');
  const notice = (line: string): void => {
    if (line.includes('to undo this'))
      api.put('/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop', { data: {} });
  };
  await assert.rejects(restoreEnvironment({ ...options(api), powerOn, ownerGraceMs, notice }), /kill switch/);
  assert.equal(switched(), '');
});

test('a takeover that fails stops whoever comes, leaves a timer, and is tried again by the next restore', async (t) => {
  const api = new TestApi();
  api.put(NODE, {});
  leftBy(api, [POWER]);
  const { powerOn, switched } = powerHere();
  const broken = (machine: Machine) => ({ ...powerOn(machine), on: ['false'] });
  const given = options(api, 'broken-power');
  const armed = t.mock.method(Timers.prototype, 'arm', () => Promise.resolve());
  // Tried again for a minute; here it passes at once.
  let extra = 0;
  clockAhead(t, () => (extra += 20));
  await assert.rejects(
    restoreEnvironment({ ...given, powerOn: broken, ownerGraceMs }),
    (error: Error & { exitCode?: number }) => {
      assert.match(error.message, /^rollbacks taken over from another machine failed: power of worker-1/);
      return error.exitCode === 1;
    },
  );
  assert.deepEqual(
    armed.mock.calls.at(-1)?.arguments[0]?.map(({ kind }) => kind),
    ['node-power'],
  );
  t.mock.restoreAll();
  t.mock.method(Timers.prototype, 'arm', () => Promise.resolve());
  await assert.rejects(openSafety(given), (error: Error & { exitCode?: number }) => {
    assert.match(
      error.message,
      /^rollbacks taken over .* are still open: power of worker-1, switched off by laptop-a/,
    );
    return error.exitCode === 1;
  });
  assert.equal(switched(), '');
  assert.deepEqual(JSON.parse(mirrorOf(api)), [POWER]);
});

test('false verdict 23: the mirror names a node that is off, no command and no time of day', async () => {
  const api = new TestApi();
  const safety = await open(options(api));
  const { powerOn, switched } = powerHere();
  await safety.perform({
    check: 'c',
    title: 'node-loss',
    access: 'fault',
    rollbacks: [{ kind: 'node-power', node: 'worker-1', commands: powerOn({ node: 'worker-1' }) }],
    act: () => {
      const [entry] = JSON.parse(mirrorOf(api)) as [Record<string, unknown>];
      assert.deepEqual(entry['rollback'], { kind: 'node-power', node: 'worker-1' });
      assert.equal(entry['dueAfterMs'], 60_000);
      assert.doesNotMatch(mirrorOf(api), /\d{4}-\d{2}-\d{2}T/);
      return Promise.resolve();
    },
  });
  assert.deepEqual((await safety.close()).failed, []);
  assert.equal(switched(), 'worker-1: on\n');
});

test('false verdict 23: without the mirror no power is taken: nobody else could give it back', async () => {
  const api = new TestApi();
  const given = options(api);
  const blocked: SafetyOptions['kube'] = (request) =>
    request.path.includes('plumbline-journal') && request.method !== 'GET'
      ? Promise.reject(new Error('etcdserver: no space'))
      : given.kube(request);
  const safety = await open({ ...given, kube: blocked });
  const { powerOn } = powerHere();
  const rollback = { kind: 'node-power', node: 'worker-1', commands: powerOn({ node: 'worker-1' }) } as const;
  const act = () => Promise.reject(new Error('acted'));
  await assert.rejects(
    safety.perform({ check: 'c', title: 't', access: 'fault', rollbacks: [rollback], act }),
    /cannot be recorded in the cluster/,
  );
});

test('an entry of another machine is not taken for an own one of the same number and title', async () => {
  const api = new TestApi();
  api.put(NODE, {});
  const { powerOn, switched } = powerHere();
  const given = { ...options(api), powerOn, ownerGraceMs };
  leftBy(api, [POWER]);
  await restoreEnvironment(given);
  const title = 'power of worker-1, switched off by laptop-a (node-loss of tender/pg-1)';
  leftBy(api, [{ ...POWER, title, id: '3f0c4b1e-8d0a-4d7e-9f55-1d3b1f6f2a11' }]);
  assert.equal((await restoreEnvironment(given)).undone.length, 1);
  assert.equal(switched(), 'worker-1: on\n'.repeat(2));
});

test('begins nothing when it cannot be known what another machine has left', async () => {
  const api = new TestApi();
  const given = options(api);
  const refusing: SafetyOptions['kube'] = (request) =>
    request.method === 'GET' && request.path === MIRROR
      ? Promise.resolve({ status: 403, body: {} })
      : given.kube(request);
  await assert.rejects(
    openSafety({ ...given, kube: refusing }),
    /has left changes open .* is unknown: .*plumbline-journal cannot be read \(403\)\. Nothing was begun/,
  );
  leftBy(api, { not: 'a list' });
  await assert.rejects(openSafety(options(api)), /cannot be read \(200\)/);
});

test('whoever lost the Lease to another leaves the mirror and the Jobs of that one alone', async (t) => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await openSafety(options(api));
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  await safety.restore();
  api.put(LEASE, { spec: { holderIdentity: 'elsewhere/boot/1/2', renewTime: 'now' } });
  leftBy(api, [LEFT]);
  const theirs = mirrorOf(api);
  clockAhead(t, 11);
  const before = api.requests.length;
  await safety.close();
  assert.equal(mirrorOf(api), theirs);
  const deleted = api.requests.slice(before).filter(({ method }) => method === 'DELETE');
  assert.deepEqual(deleted, []);
});

test('a mirror that lists what is long undone is brought up to date by the next start, and by the end of a run', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const given = options(api);
  const safety = await openSafety(given);
  await safety.patch('topology/nodes/pools', nodeRef, { spec: { unschedulable: true } });
  const mirrored: unknown = JSON.parse(mirrorOf(api));
  await safety.close();
  // As after a run that was killed and undone by the timer on its host.
  leftBy(api, mirrored);
  const next = await open(given);
  assert.equal(mirrorOf(api), '[]');
  await next.close();
});

test('what was settled leaves a mirror that somebody writes at the same moment, and nothing else does', async () => {
  const api = new TestApi();
  leftBy(api, [POWER, LEFT]);
  let conflicts = 2;
  const more = { ...LEFT, seq: 2 };
  const busy: SafetyOptions['kube'] = (request) => {
    if (request.method === 'PATCH' && conflicts-- > 0) leftBy(api, [POWER, LEFT, more]);
    return api.call(request);
  };
  const where = { kube: busy, namespace: 'plumbline-system' };
  assert.equal(await dropFromMirror(where, new Set([POWER.id])), null);
  assert.deepEqual(JSON.parse(mirrorOf(api)), [LEFT, more]);
  const refusing = { ...where, kube: () => Promise.resolve({ status: 403, body: {} }) };
  assert.match((await dropFromMirror(refusing, new Set([POWER.id]))) ?? '', /403/);
});

test('the mirror is written again after a conflict', async () => {
  const api = new TestApi();
  const given = options(api);
  let conflicts = 2;
  const busy: SafetyOptions['kube'] = (request) =>
    request.contentType === 'application/apply-patch+yaml' && conflicts-- > 0
      ? Promise.resolve({ status: 409, body: {} })
      : given.kube(request);
  const journal = new Journal(safetyFolder('conflicts', undefined));
  const mirror = new Mirror({ kube: busy, namespace: 'plumbline-system', journal, holder: 'me' });
  assert.equal(await mirror.sync(), null);
  assert.equal(mirrorOf(api), '[]');
});

test('an entry of the mirror that cannot be read is said, and keeps no other from being taken over', async () => {
  const api = new TestApi();
  api.put(NODE, {});
  leftBy(api, [{ id: 7 }, POWER]);
  const { powerOn, switched } = powerHere();
  await assert.rejects(
    restoreEnvironment({ ...options(api), powerOn, ownerGraceMs }),
    /cannot be undone from this machine: entry 1 of the ConfigMap plumbline-journal, which cannot be read/,
  );
  assert.equal(switched(), 'worker-1: on\n');
  assert.deepEqual(JSON.parse(mirrorOf(api)), [{ id: 7 }]);
});

test('an entry of the journal that cannot be read is among what is left broken', async () => {
  const given = options(new TestApi(), 'unread');
  const journal = new Journal(safetyFolder('unread', undefined));
  writeFileSync(join(journal.folder, 'journal.ndjson'), '{"entry":{"seq":1,"title":"newer","check":"c"}}\n');
  assert.match(leftOpen(journal.folder) ?? '', /1 not undone: .*journal\.ndjson:1: newer \(c\)/);
  const said: string[] = [];
  const report = await restoreEnvironment({ ...given, notice: (line) => said.push(line) });
  assert.match(report.failed.join(), /newer \(c\) cannot be undone by this version/);
  assert.ok(said.some((line) => line.includes('journal.ndjson:1')));
});
