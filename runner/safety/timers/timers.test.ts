import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { setVariable } from '../../../host/_testing/variable.ts';
import { identify } from '../../../host/process-identity.ts';
import { Ages, LeaseWatch, lookOnce, toUndo } from './cluster-timer.ts';
import { dueNow, followJournal, HOST_TIMER_FILE, Retries, tooLate } from './host-timer.ts';
import { leftOpen } from '../journal/left-open.ts';
import { Journal } from '../journal/journal.ts';
import { recordedProcess } from '../lease/processes.ts';
import { TestApi } from '../_testing/api.ts';
import { Timers } from './timers.ts';
import type { Entry, Rollback, KubeCall } from '../types.ts';
import { rulesFor, UndoJob } from './undo-job.ts';
import { ENTRY_ANNOTATION } from './undo-kube.ts';

const entry = (seq: number, dueMs: number): Entry => ({ seq, dueMs, bootId: 'now' }) as Entry;

test('the host timer acts on what is due, and on everything once nobody has held the environment for 20 s', () => {
  const entries = [entry(1, 1_000), entry(2, 90_000)];
  assert.deepEqual(
    dueNow(entries, { ms: 50_000, bootId: 'now' }, null).map(({ seq }) => seq),
    [1],
  );
  assert.deepEqual(
    dueNow(entries, { ms: 50_000, bootId: 'now' }, 31_000).map(({ seq }) => seq),
    [1],
  );
  assert.deepEqual(
    dueNow(entries, { ms: 50_000, bootId: 'now' }, 30_000).map(({ seq }) => seq),
    [1, 2],
  );
});

test("the cluster's timer counts by its own clock how long the Lease has been the same", () => {
  const watch = new LeaseWatch();
  assert.equal(watch.unchangedForMs('a 1', 1_000), 0);
  assert.equal(watch.unchangedForMs('a 1', 31_000), 30_000);
  assert.equal(watch.unchangedForMs('a 2', 32_000), 0);
});

test('the host timer switches no node on hours after it was due, by whichever of its clocks tells so', () => {
  const hour = 3_600_000;
  const due = {
    ...entry(1, 1_000),
    at: '2026-01-01T00:00:00Z',
    dueAfterMs: 60_000,
    rollback: { kind: 'node-power', node: 'w', commands: {} },
  } as unknown as Entry;
  const wall = Date.parse('2026-01-01T00:01:00Z');
  const now = (hours: number, wallHours = hours, bootId = 'now') => ({
    ms: 1_000 + hours * hour,
    bootId,
    wallMs: wall + wallHours * hour,
  });
  assert.equal(tooLate(due, now(3.9)), false);
  assert.equal(tooLate(due, now(4.1)), true);
  // A laptop that slept: one of its clocks stood still.
  assert.equal(tooLate(due, now(0, 9)), true);
  assert.equal(tooLate(due, now(9, 1, 'another')), false);
  assert.equal(tooLate({ ...due, rollback: { kind: 'thaw', cgroup: 'c' } }, now(100)), false);
});

test('a timer that has given a node up ends, and leaves its entry and the reason on record', async () => {
  const folder = tempFolder();
  const journal = new Journal(folder);
  const commands = { on: ['touch', join(folder, 'on')], state: ['true'], isOn: '', isOff: 'x', timeoutMs: 1 };
  journal.record({
    id: 'i',
    check: 'c',
    title: 't',
    access: 'fault',
    clusterUid: 'u',
    runId: 'r',
    holder: { pid: 1, startTime: '1' },
    bootId: 'b',
    dueMs: 0,
    dueAfterMs: 0,
    at: '2026-01-01T00:00:00Z',
    rollback: { kind: 'node-power', node: 'w', commands },
  });
  let waits = 0;
  const folderGone = (): void => rmSync(folder, { recursive: true });
  const wait = (): Promise<void> => {
    if (++waits === 3) {
      assert.equal(existsSync(join(folder, 'on')), false);
      assert.equal(journal.open().length, 1);
      assert.match(leftOpen(folder) ?? '', /has tried 0 times .* no longer runs/);
      assert.equal(
        readFileSync(join(folder, 'host-timer.log'), 'utf8').match(/gave up undoing t/g)?.length,
        1,
      );
      folderGone();
    }
    return Promise.resolve();
  };
  await followJournal(folder, undefined, wait);
});

test('a host timer that cannot look waits longer and longer, and says the same thing once', async () => {
  const folder = tempFolder();
  // A folder where the journal should be: every look fails.
  mkdirSync(join(folder, 'journal.ndjson'));
  const waits: number[] = [];
  let log = '';
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    if (waits.length === 12) {
      log = readFileSync(join(folder, 'host-timer.log'), 'utf8');
      rmSync(folder, { recursive: true });
    }
    return Promise.resolve();
  };
  await followJournal(folder, undefined, wait);
  assert.deepEqual(waits.slice(0, 3), [1_000, 2_000, 4_000]);
  assert.equal(waits.at(-1), 30_000);
  assert.equal(log.match(/keeps running after/g)?.length, 1);
});

const kubeEntry = { kind: 'kube-delete', path: '/api/v1/namespaces/x/pods/p', marker: 'm' } as const;
const power = { kind: 'node-power', node: 'w', commands: {} } as unknown as Rollback;

/** A machine that does not hold the environment: what goes through the API server is the Job's. */
function timersElsewhere(): { timers: Timers; lives: () => boolean; pid: () => number } {
  const folder = tempFolder();
  const job = { kube: new TestApi().call, namespace: 'n', image: 'i', runId: 'r' };
  const timers = new Timers({
    folder,
    hostAllowed: false,
    notice: () => undefined,
    job: () => Promise.resolve(job),
  });
  const recorded = (): ReturnType<typeof recordedProcess> => recordedProcess(join(folder, HOST_TIMER_FILE));
  return { timers, lives: () => recorded() !== null, pid: () => recorded()?.pid ?? 0 };
}

test('entries of which some are undone by the Job and some only by this host have both timers', async (t) => {
  const arm = t.mock.method(UndoJob.prototype, 'arm', () => Promise.resolve());
  t.mock.method(UndoJob.prototype, 'disarm', () => Promise.resolve());
  const { timers, lives } = timersElsewhere();
  await timers.arm([kubeEntry, power]);
  assert.deepEqual(arm.mock.calls.at(-1)?.arguments[0], [kubeEntry]);
  assert.equal(lives(), true);
  await timers.disarm();
  assert.equal(lives(), false);
});

test("a model's stand-in is put back from this host, wherever the environment is", async () => {
  const { timers, lives } = timersElsewhere();
  const rest = { delayMs: 300, failRatio: 0, status: 503 };
  await timers.arm([{ kind: 'stand-in', url: 'http://stand-in.example.com', rest, embedded: false }]);
  assert.equal(lives(), true);
  await timers.disarm();
});

test('the host timer has nothing by which a CI server finds the processes of a job', async (t) => {
  const markers = ['RUNNER_TRACKING_ID', 'VSTS_PROCESS_LOOKUP_ID', 'BUILD_ID', 'JENKINS_NODE_COOKIE'];
  for (const name of [...markers, 'JENKINS_SERVER_COOKIE']) setVariable(t, name, 'of-the-job');
  setVariable(t, 'PLUMBLINE_TRIAL_CLOUD', 'kept for the commands of cluster.power');
  const { timers, pid } = timersElsewhere();
  await timers.arm([power]);
  const variables = readFileSync(`/proc/${pid()}/environ`, 'utf8');
  await timers.disarm();
  assert.doesNotMatch(variables, /of-the-job/);
  assert.match(variables, /PLUMBLINE_TRIAL_CLOUD=kept/);
});

/** The process that has this one as its child, by field 4 of /proc/PID/stat. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

test('the host timer is no child of ours, not even by another, so that who ends our process tree does not end it', async () => {
  const { timers, pid } = timersElsewhere();
  await timers.arm([power]);
  const above: number[] = [];
  for (let parent = parentOf(pid()); parent > 0; parent = parentOf(parent)) above.push(parent);
  assert.equal(identify(pid())?.pid, pid());
  await timers.disarm();
  assert.ok(above.length > 0);
  assert.ok(!above.includes(process.pid), `${process.pid} is above it: ${above.join(' ')}`);
});

test('the image of the Job may become known only when the environment is complete', async (t) => {
  const arm = t.mock.method(UndoJob.prototype, 'arm', () => Promise.resolve());
  t.mock.method(UndoJob.prototype, 'disarm', () => Promise.resolve());
  const folder = tempFolder();
  let image: string | null = null;
  const timers = new Timers({
    folder,
    hostAllowed: true,
    notice: () => undefined,
    job: () =>
      Promise.resolve(
        image === null ? null : { kube: new TestApi().call, namespace: 'n', image, runId: 'r' },
      ),
  });
  await timers.arm([kubeEntry]);
  assert.equal(arm.mock.callCount(), 0);
  assert.notEqual(recordedProcess(join(folder, HOST_TIMER_FILE)), null, 'until then this host does it');
  image = 'i';
  await timers.arm([kubeEntry]);
  assert.equal(arm.mock.callCount(), 1);
  await timers.disarm();
});

test('a Job that cannot be armed does not keep the timer on this host from being', async (t) => {
  t.mock.method(UndoJob.prototype, 'arm', () => Promise.reject(new Error('no Job')));
  t.mock.method(UndoJob.prototype, 'disarm', () => Promise.resolve());
  const { timers, lives } = timersElsewhere();
  await assert.rejects(timers.arm([kubeEntry, power]), /no Job/);
  assert.equal(lives(), true);
  await timers.disarm();
  const other = timersElsewhere();
  const secret = { ...kubeEntry, path: '/api/v1/namespaces/x/secrets/s' };
  await assert.rejects(other.timers.arm([secret, power]), /no timer can be armed/);
  assert.equal(other.lives(), true);
  await other.timers.disarm();
});

test('what was done before the machine was started again is due: its clock is another', () => {
  const due = dueNow([entry(1, 90_000)], { ms: 1_000, bootId: 'another' }, null);
  assert.equal(due.length, 1);
});

test('false verdict 24: the host timer never gives up what is open, and tries it less and less often', () => {
  const retries = new Retries();
  const open = [entry(1, 0)];
  const triedAt: number[] = [];
  const threeHours = 3 * 3_600_000;
  for (let nowMs = 0; nowMs <= threeHours; nowMs += 500) {
    const now = retries.ready(open, nowMs);
    if (now.length === 0) continue;
    triedAt.push(nowMs);
    retries.after(now, open, nowMs);
  }
  assert.deepEqual(triedAt.slice(0, 4), [0, 5_000, 15_000, 35_000]);
  assert.ok((triedAt.at(-1) ?? 0) > threeHours - 5 * 60_000, 'still tried after three hours');
  assert.ok(triedAt.length < 50, `${triedAt.length} times`);
  assert.equal(retries.most, triedAt.length);
  retries.after(open, [], threeHours);
  assert.equal(retries.most, 0);
});

test("false verdict 23: the cluster's timer counts what is due by its own clock", () => {
  const mirrored = (seq: number, dueAfterMs: number) => ({
    id: `id-${seq}`,
    seq,
    title: '',
    bornMs: NaN,
    dueAfterMs,
    rollback: kubeEntry,
  });
  const entries = [mirrored(1, 10_000), mirrored(2, 600_000)];
  const ages = new Ages();
  const due = (abandoned: boolean, nowMs: number): number[] =>
    toUndo(entries, abandoned, ages.of(entries, nowMs, NaN)).map(({ seq }) => seq);
  assert.deepEqual(due(false, 5_000), []);
  assert.deepEqual(due(false, 14_000), []);
  assert.deepEqual(due(false, 15_000), [1]);
  assert.deepEqual(due(true, 15_000), [2, 1]);
  // One that was settled and is listed again later begins again.
  ages.of([], 16_000, NaN);
  assert.deepEqual(due(false, 20_000), []);
});

test("false verdict 67: a pod of the undo Job that takes another's place counts on from when an entry was written", () => {
  const bornMs = 5_580_000.25;
  const entry = { id: 'a', seq: 1, title: '', bornMs, dueAfterMs: 600_000, rollback: kubeEntry };
  const due = (ages: Ages, nowMs: number, sinceMs: number): number =>
    toUndo([entry], false, ages.of([entry], nowMs, bornMs + sinceMs)).length;
  const second = new Ages();
  assert.equal(due(new Ages(), 50, 590_000), 0);
  assert.equal(due(second, 50, 595_000), 0, 'the next pod, whose own clock begins again');
  assert.equal(due(second, 5_050, 595_000), 1, 'it goes on by its own clock');
  assert.equal(due(new Ages(), 50, -40_000), 0, 'the holder is another machine');
});

test('the undo Job gets the rights for what it has to undo and no others', () => {
  assert.deepEqual(rulesFor({ kind: 'kube-patch', path: '/api/v1/nodes/worker-1', uid: '', fields: [] }), [
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] },
  ]);
  assert.deepEqual(
    rulesFor({ kind: 'kube-delete', path: '/apis/apps/v1/namespaces/tender/deployments/x', marker: '' }),
    [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'delete'] }],
  );
  assert.deepEqual(
    rulesFor({
      kind: 'kube-create',
      path: '/apis/networking.k8s.io/v1/namespaces/edge/ingresses',
      object: {},
    }),
    [{ apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'create'] }],
  );
});

test("the cluster's timer takes what it has settled out of the mirror once nobody holds the environment, and leaves the rest", async () => {
  const api = new TestApi();
  const space = '/api/v1/namespaces/plumbline-system';
  const mirror = `${space}/configmaps/plumbline-journal`;
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  api.put(lease, { spec: { holderIdentity: 'laptop-a', renewTime: 'then' } });
  api.put('/api/v1/namespaces/x/configmaps/canary', {
    metadata: { annotations: { [ENTRY_ANNOTATION]: 'm' } },
  });
  const entry = (seq: number, rollback: Record<string, string>) => ({
    id: `id-${seq}`,
    seq,
    title: `step ${seq}`,
    dueAfterMs: 600_000,
    rollback,
  });
  const made = entry(1, { kind: 'kube-delete', path: '/api/v1/namespaces/x/configmaps/canary', marker: 'm' });
  const power = entry(2, { kind: 'node-power', node: 'worker-1' });
  api.put(mirror, { data: { entries: JSON.stringify([made, power]) } });
  const listed = (): unknown =>
    JSON.parse((api.objects.get(mirror)?.['data'] as { entries: string }).entries) as unknown;
  const held = { unchangedForMs: () => 0 } as unknown as LeaseWatch;
  assert.equal(await lookOnce(api.call, 'plumbline-system', { watch: held, ages: new Ages() }), 'go on');
  assert.deepEqual(listed(), [made, power]);
  const abandoned = { unchangedForMs: () => 60_000 } as unknown as LeaseWatch;
  assert.equal(await lookOnce(api.call, 'plumbline-system', { watch: abandoned, ages: new Ages() }), 'over');
  assert.equal(api.objects.has('/api/v1/namespaces/x/configmaps/canary'), false);
  assert.deepEqual(listed(), [power]);
});

test("the cluster's timer takes a refusal neither for a free environment nor for an empty mirror", async () => {
  const api = new TestApi();
  const space = '/api/v1/namespaces/plumbline-system';
  const mirror = `${space}/configmaps/plumbline-journal`;
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  api.put(lease, { spec: { holderIdentity: 'laptop-a', renewTime: 'then' } });
  api.put(mirror, { data: { entries: '[]' } });
  const watch = { unchangedForMs: () => 60_000 } as unknown as LeaseWatch;
  for (const path of [lease, mirror])
    for (const status of [401, 403, 429, 500, 503]) {
      const refusing: KubeCall = (request) =>
        request.path === path ? Promise.resolve({ status, body: { message: 'not now' } }) : api.call(request);
      await assert.rejects(
        lookOnce(refusing, 'plumbline-system', { watch, ages: new Ages() }),
        new RegExp(`answered ${status}: not now`),
      );
    }
  api.objects.clear();
  assert.equal(await lookOnce(api.call, 'plumbline-system', { watch, ages: new Ages() }), 'over');
});

test("the cluster's timer goes on while the mirror still lists what it has settled", async () => {
  const api = new TestApi();
  const mirror = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-journal';
  const settled = { id: 'i', seq: 1, title: 't', dueAfterMs: 0, rollback: kubeEntry };
  const list = () => api.put(mirror, { data: { entries: JSON.stringify([settled]) } });
  list();
  let conflicts = 1;
  const busy: KubeCall = (request) => {
    if (request.method === 'PATCH' && conflicts-- > 0) list();
    return api.call(request);
  };
  const watch = { unchangedForMs: () => 60_000 } as unknown as LeaseWatch;
  const look = () => lookOnce(busy, 'plumbline-system', { watch, ages: new Ages() });
  assert.equal(await look(), 'in vain');
  assert.equal(await look(), 'over');
  assert.deepEqual(api.objects.get(mirror)?.['data'], { entries: '[]' });
});

test("an entry of the mirror that cannot be read is said with its place, stays, and keeps the cluster's timer from nothing", async (t) => {
  const api = new TestApi();
  const said = t.mock.method(console, 'error', () => undefined);
  const mirror = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-journal';
  api.put('/api/v1/namespaces/x/pods/p', { metadata: { annotations: { [ENTRY_ANNOTATION]: 'm' } } });
  const newer = { id: 'n', seq: 1, title: 'newer', rollback: { kind: 'kube-mend', path: '/api/v1/x' } };
  const settled = { id: 'i', seq: 2, title: 't', dueAfterMs: 0, rollback: kubeEntry };
  api.put(mirror, { data: { entries: JSON.stringify([newer, 7, settled]) } });
  const watch = { unchangedForMs: () => 60_000 } as unknown as LeaseWatch;
  assert.equal(await lookOnce(api.call, 'plumbline-system', { watch, ages: new Ages() }), 'over');
  assert.equal(api.objects.has('/api/v1/namespaces/x/pods/p'), false);
  assert.deepEqual(api.objects.get(mirror)?.['data'], { entries: JSON.stringify([newer, 7]) });
  assert.deepEqual(
    said.mock.calls.map(({ arguments: [line] }) => String(line).slice(0, 36)),
    ['entry 1 of the mirror cannot be read', 'entry 2 of the mirror cannot be read'],
  );
});
