import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HISTORY_SCHEMA } from './history.ts';
import { HistoryReader, readHistory, trialFolders, UnreadableHistoryError } from './read-history.ts';

const HEADER = {
  kind: 'header',
  t: 1,
  schema: HISTORY_SCHEMA,
  check: 'failover/postgres/pod-crash',
  trial: 1,
  environment: 'local',
  goals: { rtoSeconds: 30 },
  settings: {},
  anchor: { wall: '2026-01-01T00:00:00.000Z', monoMs: 1 },
};

let root = '';
let serial = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'plumbline-read-'));
});
after(() => rm(root, { recursive: true }));

async function historyOf(files: Record<string, string>): Promise<string> {
  const folder = join(root, `h${++serial}`);
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}
const lines = (...values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('readHistory', () => {
  it('should read the pressure of the machine from its own file, as no observation', async () => {
    const look = (t: number, cpuMs: number) => ({
      kind: 'pressure',
      t,
      cpuMs,
      memoryMs: 0,
      ioMs: 0,
      cores: null,
    });
    const folder = await historyOf({
      'check.ndjson': lines(HEADER, { kind: 'end', t: 90 }),
      'pressure.ndjson': lines(look(10, 5), look(90, 45)),
    });
    const { observations, pressure, damaged } = await readHistory(folder);
    assert.deepEqual(
      observations.map(({ kind }) => kind),
      ['end'],
    );
    assert.equal(pressure?.cpu?.mean, 0.5);
    assert.deepEqual(damaged, []);
    const bent = await historyOf({
      'check.ndjson': lines(HEADER),
      'pressure.ndjson': lines({ ...look(10, 5), cpuMs: 'much' }),
    });
    assert.deepEqual((await readHistory(bent)).damaged, [{ file: 'pressure.ndjson', line: 1 }]);
    assert.equal((await readHistory(bent)).pressure, null);
  });

  it('should read what each further path saw apart from the main load, and count its damaged lines', async () => {
    const files = {
      'check.ndjson': lines(HEADER, { kind: 'end', t: 90 }),
      'client-load.ndjson': lines(['w', 1, 20, 20, 21, 0]),
      'path-direct/client-load.ndjson':
        lines({ kind: 'client-load-end', t: 80, scheduled: 2, scheduledReads: 0 }, ['w', 1, 30, 30, 31, 0]) +
        '["w",2\n' +
        lines(['w', 2, 35, 35, 36, 1, 'connect: ECONNREFUSED']) +
        '["w",3,40',
      'path-pooled/client-load.ndjson': lines(HEADER),
      'path-/client-load.ndjson': lines(['w', 1, 1, 1, 1, 0]),
      'other/client-load.ndjson': lines(['w', 1, 1, 1, 1, 0]),
    };
    const history = await readHistory(await historyOf(files));
    assert.deepEqual([history.writes.count, history.observations.length], [1, 1]);
    const [direct, pooled, ...more] = history.paths ?? [];
    assert.deepEqual([direct?.name, pooled?.name, more], ['direct', 'pooled', []]);
    assert.deepEqual([...(direct?.writes.outcome ?? [])], [0, 1]);
    assert.deepEqual(
      direct?.observations.map(({ kind }) => kind),
      ['client-load-end'],
    );
    assert.deepEqual(history.damaged, [
      { file: 'path-direct/client-load.ndjson', line: 3 },
      { file: 'path-pooled/client-load.ndjson', line: 1 },
    ]);
    const reader = new HistoryReader();
    for (const [name, text] of Object.entries(files))
      if (!/^(?:path-|other)\//.test(name)) reader.take(name, Buffer.from(text));
    assert.deepEqual(reader.finish('memory'), history);
  });

  it('should leave out paths where there are none', async () => {
    assert.ok(!('paths' in (await readHistory(await historyOf({ 'check.ndjson': lines(HEADER) })))));
  });

  it('should read header, observations in the order of time over all files, and operations in columns', async () => {
    const folder = await historyOf({
      'check.ndjson': lines(HEADER, { kind: 'steady', t: 10, ok: true, detail: '' }, { kind: 'end', t: 90 }),
      'faults.ndjson': lines({ kind: 'fault-missed', t: 50, reason: 'no pod' }),
      'client-load.ndjson': lines(
        ['w', 1, 20, 20.5, 21.25, 0],
        ['r', 1, 20, 20.1, 20.2, 2, 'ECONNRESET'],
        ['w', 2, 25, 25, 27, 1],
      ),
      'notes.txt': 'not a part of the history',
    });
    const history = await readHistory(folder);
    assert.equal(history.header.check, 'failover/postgres/pod-crash');
    assert.deepEqual(
      history.observations.map((seen) => seen.kind),
      ['steady', 'fault-missed', 'end'],
    );
    assert.deepEqual([...history.writes.n], [1, 2]);
    assert.deepEqual([...history.writes.doneMs], [21.25, 27]);
    assert.deepEqual([...history.writes.outcome], [0, 1]);
    assert.equal(history.reads.count, 1);
    assert.equal(history.reads.detail.get(0), 'ECONNRESET');
    assert.deepEqual(history.damaged, []);
  });

  it('should read every number exactly as JSON.parse does', async () => {
    const numbers: number[] = [
      0,
      -0.5,
      0.1,
      1e-7,
      1e21,
      5e-324,
      123456789.123456,
      1234567890.1234567,
      2 ** 53,
      0.30000000000000004,
    ];
    let seed = 1;
    for (let index = 0; index < 3000; index += 1) {
      seed = (seed * 48271) % 0x7fffffff;
      numbers.push(seed / 10 ** (index % 13), seed * 1000 + 1 / ((index % 97) + 1));
    }
    const folder = await historyOf({
      'check.ndjson': lines(HEADER),
      'client-load.ndjson': numbers
        .map((value, index) => `["w",${index + 1},0,0,${JSON.stringify(value)},0]\n`)
        .join(''),
    });
    const { writes, damaged } = await readHistory(folder);
    assert.deepEqual([...writes.doneMs], numbers);
    assert.deepEqual(damaged, []);
  });

  it('should leave out a last line that was cut, whatever it looks like', async () => {
    for (const cut of ['["w",3,30,30,31,0]', '["w",3,3', '{"kind":"end","t":9}', '{"ki']) {
      const folder = await historyOf({
        'check.ndjson': lines(HEADER),
        'client-load.ndjson': lines(['w', 1, 1, 1, 2, 0]) + cut,
      });
      const { writes, observations, damaged } = await readHistory(folder);
      assert.equal(writes.count, 1, cut);
      assert.deepEqual([observations, damaged], [[], []], cut);
    }
  });

  it('should report damaged lines by file and number and keep what is sound', async () => {
    const bad = [
      '["w",1,2,3]',
      '["x",1,1,1,1,0]',
      '["w",1,1,1,1,4]',
      '["w",1.5,1,1,1,0]',
      '["w",1,1,1,null,0]',
      '["w",1,1,1,1,0,7]',
      '["w",1,1,1,1,0',
      '["w",1,1,1,1,0]]',
      '{"kind":"steady"}',
      '{"t":5}',
      'garbage',
      '\u0000\u0000',
    ];
    const text = bad.map((line) => `${line}\n["w",7,1,1,1,0]\n`).join('');
    const folder = await historyOf({ 'check.ndjson': lines(HEADER), 'client-load.ndjson': text });
    const { writes, damaged } = await readHistory(folder);
    assert.equal(writes.count, bad.length);
    assert.deepEqual(
      damaged,
      bad.map((_, index) => ({ file: 'client-load.ndjson', line: 2 * index + 1 })),
    );
  });

  it('should take details with escapes, spaces and other spellings of JSON', async () => {
    const folder = await historyOf({
      'check.ndjson': lines(HEADER),
      'client-load.ndjson':
        '["w",1,1,1,1,2,"a \\"b\\" \\u00e9"]\n[ "w", 2, 1e1, 1, 1, 2, "ü" ]\n["w",3,1,1,1,1,""]\n',
    });
    const { writes, damaged } = await readHistory(folder);
    assert.deepEqual(
      [0, 1, 2, 3].map((index) => writes.detail.get(index)),
      ['a "b" é', 'ü', '', undefined],
    );
    assert.equal(writes.detail.size, 3);
    assert.equal(writes.intendedMs[1], 10);
    assert.deepEqual(damaged, []);
  });

  it('should read lines longer than a chunk, and operations across chunk borders', async () => {
    const long = {
      kind: 'readback',
      t: 5,
      source: 'postgres-0',
      role: 'leader',
      pass: 1,
      duplicates: [],
      complete: true,
      present: Array.from({ length: 300_000 }, (_, index) => [index, index]),
    };
    const operations = Array.from(
      { length: 60_000 },
      (_, index) => `["w",${index + 1},${index},${index},${index}.5,0]\n`,
    );
    const folder = await historyOf({
      'check.ndjson': lines(HEADER),
      'readback.ndjson': lines(long, { kind: 'end', t: 6 }),
      'client-load.ndjson': operations.join(''),
    });
    const { observations, writes, damaged } = await readHistory(folder);
    assert.ok(observations[0]?.kind === 'readback');
    assert.equal(observations[0].present.length, 300_000);
    assert.equal(observations[1]?.kind, 'end');
    assert.equal(writes.count, 60_000);
    assert.ok(writes.n.every((n, index) => n === index + 1 && writes.doneMs[index] === index + 0.5));
    assert.deepEqual(damaged, []);
  });

  it('should refuse a history without header, of another schema, or that is not there', async () => {
    const none = await historyOf({ 'check.ndjson': '{"kind":"hea' });
    await assert.rejects(readHistory(none), { name: 'UnreadableHistoryError', message: /no header/ });
    const other = await historyOf({ 'check.ndjson': lines({ ...HEADER, schema: 1 }) });
    await assert.rejects(readHistory(other), /schema 1, but this version reads 4/);
    await assert.rejects(readHistory(join(root, 'absent')), UnreadableHistoryError);
  });
});

it('should list trials by their number', async () => {
  const folder = join(root, 'check');
  for (const name of ['trial-100', 'trial-02', 'trial-11', 'other'])
    await mkdir(join(folder, name), { recursive: true });
  const names = (await trialFolders(folder)).map((path) => path.slice(folder.length + 1));
  assert.deepEqual(names, ['trial-02', 'trial-11', 'trial-100']);
});
