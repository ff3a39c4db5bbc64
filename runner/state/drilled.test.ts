import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { TestApi } from '../safety/_testing/api.ts';
import { seenAt, textAt } from '../safety/timers/undo-kube.ts';
import { drillsMirror } from './drilled-mirror.ts';
import { Drills } from './drilled.ts';

const at = (minute: number): Date => new Date(Date.parse('2026-01-08T00:00:00Z') + minute * 60_000);
const iso = (minute: number): string => at(minute).toISOString();
const begun = (minute: number) => ({ from: at(minute), restarts: new Map<string, number>() });
const silent = (message: string): void => assert.fail(message);

test('false verdict 20: drills of earlier runs are remembered with the pods that they hit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-drilled-'));
  try {
    const earlier = new Drills(join(folder, 'journal'), silent);
    assert.deepEqual(earlier.ofLate(at(0)), []);
    earlier.end('failover/postgres/hang', at(0));
    assert.deepEqual(earlier.ofLate(at(0)), [], 'it hit nothing');
    const restarts = new Map([
      ['tender/postgres-0', 7],
      ['tender/other-0', 1],
    ]);
    earlier.begin('failover/postgres/hang', ['tender/postgres-0'], { from: at(1), restarts });
    earlier.end('failover/postgres/hang', at(2));
    earlier.end('failover/postgres/hang', at(3));
    earlier.begin('failover/redis/pod-crash', ['tender/redis-1'], { from: at(4), restarts });
    const died = JSON.stringify({ check: 'of a run that was killed', pods: [], from: iso(4.5) });
    await writeFile(join(folder, 'journal/drilled/died.ndjson'), `${died}\n{"check":"cut`);
    const later = new Drills(join(folder, 'journal'), silent);
    const first = {
      pods: ['tender/postgres-0'],
      from: iso(1),
      to: iso(2),
      restarts: { 'tender/postgres-0': 7 },
    };
    const second = (to: string) => ({ pods: ['tender/redis-1'], from: iso(4), to, restarts: {} });
    const killed = (to: string) => ({ pods: [], from: iso(4.5), to });
    assert.deepEqual(later.ofLate(at(5)), [first, second(iso(5)), killed(iso(5))]);
    assert.deepEqual(later.ofLate(at(60)), [first, second(iso(19)), killed(iso(19.5))], 'its process died');
    assert.deepEqual(later.ofLate(at(8 * 24 * 60)), [], 'long ago');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a file that cannot be written is said once, and what was hit is kept until it can', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-drilled-'));
  try {
    const said: string[] = [];
    // A file where the folder should be: as a disk that takes nothing.
    await writeFile(join(folder, 'journal'), '');
    const drills = new Drills(join(folder, 'journal'), (message) => said.push(message));
    drills.begin('failover/redis/hang', ['tender/redis-1'], begun(1));
    drills.end('failover/redis/hang', at(2));
    const expected = { pods: ['tender/redis-1'], from: iso(1), to: iso(2), restarts: {} };
    assert.deepEqual(drills.ofLate(at(3)), [expected]);
    assert.match(said[0] ?? '', /^the list of pods that drills hit cannot be kept in .*\.ndjson: E/);
    assert.equal(new Set(said).size, said.length);
    await rm(join(folder, 'journal'));
    await mkdir(join(folder, 'journal'));
    drills.begin('failover/redis/hang', ['tender/redis-2'], begun(4));
    assert.deepEqual(new Drills(join(folder, 'journal'), silent).ofLate(at(5)), [
      expected,
      { ...expected, pods: ['tender/redis-2'], from: iso(4), to: iso(5) },
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const MIRROR = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-journal';
const MINUTE_MS = 60_000;

/** The list as a machine of its own keeps it. */
function machine(api: TestApi, complain = silent, folder = tempFolder()): Drills {
  const mirror = drillsMirror(() => ({ call: api.call, close: () => undefined }), 'plumbline-system');
  return new Drills(join(folder, 'journal'), complain, mirror);
}
const ago = (minutes: number): Date => new Date(Date.now() - minutes * MINUTE_MS);
const hit = (drills: Drills, check: string, minutesAgo: number): void =>
  drills.begin(check, [`tender/${check}-0`], { from: ago(minutesAgo), restarts: new Map() });
/** All that the cluster lists. */
const listed = (api: TestApi): string =>
  Object.keys(seenAt(api.objects.get(MIRROR), 'data') ?? {})
    .filter((key) => key.startsWith('drilled.'))
    .map((key) => textAt(api.objects.get(MIRROR), 'data', key))
    .join('');
const podsOf = (drills: Drills): string[] => drills.ofLate(new Date()).flatMap(({ pods }) => pods);

test('a run on another machine knows what drills hit, with their ends, and the journal beside it stays as it is', async () => {
  const api = new TestApi();
  api.put(MIRROR, { data: { entries: '[]', holder: 'a' } });
  const one = machine(api);
  hit(one, 'postgres', 30);
  one.end('postgres', ago(29));
  await one.mirrored();
  const other = machine(api);
  assert.deepEqual(podsOf(other), [], 'it has not looked yet');
  await other.learn();
  const [drilled, ...more] = other.ofLate(new Date());
  assert.deepEqual([drilled?.pods, more], [['tender/postgres-0'], []]);
  assert.ok(Date.parse(drilled?.to ?? '') - Date.parse(drilled?.from ?? '') < 2 * MINUTE_MS);
  // What others have added stays.
  hit(other, 'redis', 10);
  await other.mirrored();
  const third = machine(api);
  await third.learn();
  assert.deepEqual(podsOf(third), ['tender/postgres-0', 'tender/redis-0']);
  assert.deepEqual(podsOf(other), ['tender/postgres-0', 'tender/redis-0'], 'each once');
  const mirror = api.objects.get(MIRROR);
  assert.deepEqual([seenAt(mirror, 'data', 'entries'), seenAt(mirror, 'data', 'holder')], ['[]', 'a']);
});

test('the lists in the cluster are bounded, and what explains nothing any more is not in them', async () => {
  const api = new TestApi();
  api.put(MIRROR, {});
  const said: string[] = [];
  const drills = machine(api, (message) => said.push(message));
  hit(drills, 'long-ago', 8 * 24 * 60);
  await drills.mirrored();
  assert.equal(listed(api), '');
  const before = machine(api);
  hit(before, 'before', 60);
  await before.mirrored();
  hit(drills, 'now', 30);
  await drills.mirrored();
  assert.deepEqual(said, []);
  const pods = Array.from({ length: 400 }, (_, i) => `tender/${'long'.repeat(20)}-${i}`);
  for (let i = 0; i < 5; i++) drills.begin('node', pods, { from: ago(5 - i), restarts: new Map() });
  await drills.mirrored();
  assert.ok(listed(api).length <= 64 * 1024);
  assert.match(listed(api), /"before"[^]*"now"|"now"[^]*"before"/, 'what is short has room');
  assert.match(
    said.join(),
    /the list of pods .* in the cluster: the 400 pods of node do not fit into its 64 KiB;/,
  );
});

/** A drill of a node with this many pods, each of a name of 80 characters. */
function hitNode(drills: Drills, count: number, minutesAgo: number): void {
  const pods = Array.from({ length: count }, (_, i) => `tender/${'p'.repeat(70)}-${i}`);
  drills.begin('node', pods, {
    from: ago(minutesAgo),
    restarts: new Map(pods.map((pod) => [pod, 1])),
  });
}

test('a line of the list in the cluster that is too long leaves out its restarts, and no other line', async () => {
  const api = new TestApi();
  api.put(MIRROR, {});
  const drills = machine(api);
  hit(drills, 'postgres', 30);
  hitNode(drills, 500, 10);
  drills.end('node', ago(8));
  hit(drills, 'redis', 5);
  await drills.mirrored();
  const other = machine(api);
  await other.learn();
  const [postgres, node, redis] = other.ofLate(new Date());
  assert.deepEqual(
    [postgres?.pods, node?.pods.length, node?.restarts, redis?.pods],
    [['tender/postgres-0'], 500, undefined, ['tender/redis-0']],
  );
});

test('a drill whose line is shorter in the cluster is one drill where the file has all of it', async () => {
  // Without its restarts there, and without its pods as well.
  for (const count of [500, 1000]) {
    const api = new TestApi();
    api.put(MIRROR, {});
    const folder = tempFolder();
    const drills = machine(api, () => undefined, folder);
    hitNode(drills, count, 10);
    drills.end('node', ago(8));
    await drills.mirrored();
    const later = machine(api, silent, folder);
    await later.learn();
    const [here, ...more] = later.ofLate(new Date());
    assert.deepEqual([Object.keys(here?.restarts ?? {}).length, more], [count, []]);
    const lastedMs = Date.parse(here?.to ?? '') - Date.parse(here?.from ?? '');
    assert.equal(Math.round(lastedMs / MINUTE_MS), 2);
  }
});

test('a line that does not fit without them either is said, and keeps neither others nor their ends away', async () => {
  const api = new TestApi();
  api.put(MIRROR, {});
  const said: string[] = [];
  const dead = machine(api);
  hit(dead, 'postgres', 60);
  dead.begin('node', ['tender/a-0'], { from: ago(50), restarts: new Map() });
  await dead.mirrored();
  const drills = machine(api, (message) => said.push(message));
  hitNode(drills, 1000, 10);
  drills.end('node', ago(8));
  await drills.mirrored();
  assert.match(
    said.join(),
    /cannot be kept in the cluster: the 1000 pods of node do not fit into its 64 KiB; a run/,
  );
  const other = machine(api);
  await other.learn();
  const [, died] = other.ofLate(new Date());
  assert.deepEqual(podsOf(other), ['tender/postgres-0', 'tender/a-0']);
  assert.equal(Date.parse(died?.to ?? '') - Date.parse(died?.from ?? ''), 15 * MINUTE_MS);
});

test('where the list may not be read nothing is said of it, and nothing written over it; a drill says so', async () => {
  const api = new TestApi();
  const said: string[] = [];
  api.down = true;
  const reader = machine(api);
  await reader.learn();
  await reader.mirrored();
  assert.deepEqual(podsOf(reader), []);
  assert.match(
    reader.told(new Date()).drillsUnknown ?? '',
    /^the ConfigMap plumbline-system\/plumbline-journal cannot be read: connect ECONNREFUSED/,
  );
  const drills = machine(api, (message) => said.push(message));
  hit(drills, 'postgres', 1);
  await drills.mirrored();
  assert.match(
    said.join(),
    /^the list of pods that drills hit cannot be kept in the cluster: .* cannot be read: connect ECONNREFUSED;/,
  );
  assert.deepEqual([...new Set(api.requests.map(({ method }) => method))], ['GET']);
  // Once the API server answers again, it is written.
  api.down = false;
  api.put(MIRROR, {});
  await drills.mirrored();
  assert.match(listed(api), /postgres-0/);
  await reader.learn();
  assert.equal(reader.told(new Date()).drillsUnknown, undefined, 'now it is known');
});

test('should tell why the list is not known, but not where there is none or where it is on this machine', async () => {
  const told = async (status: number): Promise<object> => {
    const call = () => Promise.resolve({ status, body: {} });
    const mirror = drillsMirror(() => ({ call, close: () => undefined }), 'plumbline-system');
    const drills = new Drills(tempFolder(), silent, mirror);
    await drills.learn();
    return drills.told(new Date());
  };
  const unknown = (status: number) => ({
    drilled: [],
    drillsUnknown: `the ConfigMap plumbline-system/plumbline-journal cannot be read (${status})`,
  });
  assert.deepEqual([await told(403), await told(503)], [unknown(403), unknown(503)]);
  assert.deepEqual([await told(200), await told(404)], [{ drilled: [] }, { drilled: [] }]);
  const embedded = new Drills(tempFolder(), silent);
  await embedded.learn();
  assert.deepEqual(embedded.told(new Date()), { drilled: [] });
});

test('a drill that never came to the list in the cluster is added with the next one', async () => {
  const api = new TestApi();
  api.down = true;
  const folder = tempFolder();
  const dead = machine(api, () => undefined, folder);
  hit(dead, 'long-ago', 8 * 24 * 60);
  hit(dead, 'postgres', 30);
  dead.end('postgres', ago(29));
  await dead.mirrored();
  api.down = false;
  api.put(MIRROR, {});
  const next = machine(api, silent, folder);
  hit(next, 'redis', 10);
  await next.mirrored();
  const other = machine(api);
  await other.learn();
  assert.deepEqual(podsOf(other), ['tender/postgres-0', 'tender/redis-0']);
  const [first] = other.ofLate(new Date());
  assert.ok(Date.parse(first?.to ?? '') - Date.parse(first?.from ?? '') < 2 * MINUTE_MS, 'with its end');
});

test('a drill whose process died lasts as long as its timers, whenever the next one of its check begins', async () => {
  const api = new TestApi();
  api.put(MIRROR, {});
  const dead = machine(api);
  hit(dead, 'postgres', 24 * 60);
  await dead.mirrored();
  const next = machine(api);
  await next.learn();
  next.end('postgres', new Date());
  hit(next, 'postgres', 1);
  const [first] = next.ofLate(new Date());
  assert.equal(Date.parse(first?.to ?? '') - Date.parse(first?.from ?? ''), 15 * MINUTE_MS);
});
