import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { LoadResult } from '../../reports/record/details/load-result.ts';
import type { LoadEngine, LoadListener } from '../engines/engine.ts';
import { startLoadHere } from './index.ts';
import type { LoadProcess } from './index.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-load-'));
});
after(() => rm(folder, { recursive: true }));

const RESULT: LoadResult = {
  schema: 1,
  script: '/steady.ts',
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 1000,
  engine: { name: 'k6-operator', version: 'k6', stubbed: true, latencyFrom: 'sent' },
  scenarios: [],
  requests: { count: 0, failed: 0 },
  metrics: {},
  checks: [],
  thresholds: [],
  seconds: [],
  errors: [],
  outcome: 'completed',
  reason: '',
};

/** A load whose engine does what the test says. */
function started(run: (listener: LoadListener) => Promise<LoadResult>, startsLater: boolean): LoadProcess {
  const engine: LoadEngine = {
    name: 'k6-operator',
    ...(startsLater && { startsLater: true }),
    unavailable: () => Promise.resolve(null),
    run: (_request, listener) => run(listener),
  };
  const request = { script: '/steady.ts', variables: {}, limits: { requests: 1, durationMs: 1 } };
  return startLoadHere({ engine, passedOver: [], request, history: folder });
}

test('should be ready when its engine says that the load begins, where that is later', async () => {
  const begins = Promise.withResolvers<undefined>();
  const ends = Promise.withResolvers<undefined>();
  const load = started(async (listener) => {
    await begins.promise;
    listener.started?.();
    await ends.promise;
    return RESULT;
  }, true);
  const seen: string[] = [];
  const ready = load.ready.then(() => seen.push('ready'));
  void load.ended.then(() => seen.push('ended'));
  // The engine runs by now: its start is on disk before it is called.
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(await readFile(join(folder, 'load.ndjson'), 'utf8'), /"kind":"load-start"/);
  assert.deepEqual(seen, []);
  begins.resolve(undefined);
  await ready;
  assert.deepEqual(seen, ['ready']);
  ends.resolve(undefined);
  assert.equal((await load.ended).code, 0);
});

test('should be ready when the load ends without having begun, whose record says why', async () => {
  const load = started(() => Promise.resolve({ ...RESULT, outcome: 'failed', reason: 'no pod' }), true);
  await load.ready;
  assert.equal((await load.ended).code, 0);
  assert.match(await readFile(join(folder, 'load.ndjson'), 'utf8'), /"reason":"no pod"/);
});

test('should be ready at once with an engine that begins at once', async () => {
  const ends = Promise.withResolvers<LoadResult>();
  const load = started(() => ends.promise, false);
  await load.ready;
  ends.resolve(RESULT);
  await load.ended;
});
