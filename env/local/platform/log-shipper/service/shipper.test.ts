import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Files } from './files.ts';
import { metricsText } from './metrics.ts';
import type { LogRecord } from './record.ts';
import { Shipper } from './shipper.ts';

const POD = 'tender_tender-api-7d9_0b9f2a3e-1111-2222-3333-444455556666';

let nanosecond = 0;
/** A line in the runtime's format. */
function line(text: string, flag: 'F' | 'P' = 'F'): string {
  nanosecond += 1;
  return `2026-11-24T10:00:00.${String(nanosecond).padStart(9, '0')}Z stdout ${flag} ${text}\n`;
}

interface Fixture {
  root: string;
  folder: string;
  stored: Map<string, LogRecord>;
  sent: number;
  /** Number of the next calls of the store that fail. */
  away: number;
  life: () => Promise<Shipper>;
}

async function fixture(context: TestContext): Promise<Fixture> {
  const root = await mkdtemp(join(tmpdir(), 'plumbline-shipper-'));
  const folder = join(root, 'pods', POD, 'tender-api');
  await mkdir(folder, { recursive: true });
  const lives: Files[] = [];
  context.after(async () => {
    for (const files of lives) await files.close();
    await rm(root, { recursive: true });
  });
  const found: Fixture = { root, folder, stored: new Map(), sent: 0, away: 0, life: start };
  async function start(): Promise<Shipper> {
    const files = new Files(join(root, 'pods'), join(root, 'positions.json'));
    lives.push(files);
    await files.load();
    const store = {
      lastRefusal: '',
      prepared: () => Promise.resolve(true),
      send: (records: readonly LogRecord[]) => {
        if (found.away > 0) {
          found.away -= 1;
          return Promise.reject(new Error('connection refused'));
        }
        found.sent += records.length;
        for (const record of records) found.stored.set(record.id, record);
        return Promise.resolve({ again: [], stored: records.length, refused: 0 });
      },
    };
    return new Shipper({ node: 'worker-1', files, store, log: () => undefined });
  }
  return found;
}

const messages = ({ stored }: Fixture): unknown[] =>
  [...stored.values()].map(({ document }) => document['message']);

async function rounds(shipper: Shipper, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await shipper.round(1);
}

test('should ship whole lines once, including those that the runtime split or that were half written', async (context) => {
  const given = await fixture(context);
  const file = join(given.folder, '0.log');
  const shipper = await given.life();
  await writeFile(file, `${line('one')}${line('two, fir', 'P')}`);
  await rounds(shipper, 3);
  assert.deepEqual(messages(given), ['one']);
  const rest = line('st and last');
  await appendFile(file, rest.slice(0, 40));
  await rounds(shipper, 3);
  await appendFile(file, rest.slice(40));
  await rounds(shipper, 3);
  assert.deepEqual(messages(given), ['one', 'two, first and last']);
  assert.equal(given.sent, 2);
});

test('should lose nothing while the store is unavailable or when the shipper is killed, and send lines again with the same id', async (context) => {
  const given = await fixture(context);
  const file = join(given.folder, '0.log');
  await writeFile(file, line('one'));
  const killed = await given.life();
  given.away = 3;
  await rounds(killed, 3);
  assert.deepEqual([messages(given), killed.counts.failures], [[], 3]);
  await rounds(killed, 2);
  await appendFile(file, line('two'));
  const next = await given.life(); // the first shipper never saved a position beyond what was stored
  await rounds(next, 3);
  assert.deepEqual([messages(given), given.sent], [['one', 'two'], 2]);
  await rm(join(given.root, 'positions.json'));
  await rounds(await given.life(), 3);
  assert.deepEqual([messages(given), given.sent], [['one', 'two'], 4]);
});

test('should follow a rotated file, and read a removed one to its end', async (context) => {
  const given = await fixture(context);
  const file = join(given.folder, '0.log');
  const shipper = await given.life();
  await writeFile(file, line('one'));
  await rounds(shipper, 3);
  await appendFile(file, line('two'));
  await rename(file, `${file}.20261124-101112`);
  await writeFile(file, line('three'));
  await rounds(shipper, 3);
  await appendFile(file, line('four'));
  await rm(given.folder, { recursive: true });
  await rounds(shipper, 6);
  assert.deepEqual(messages(given).sort(), ['four', 'one', 'three', 'two']);
  assert.equal(given.sent, 4);
  assert.match(metricsText(shipper.counts), /^log_shipper_stored_total 4$/m);
});
