import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import type { Asking } from '../plan/cluster-permit.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { ClientLoads } from './client-loads.ts';

const SUBJECT = { check: 'failover/redis/hang', store: 'redis', trial: 1 };

const local = await loadEnvironment('local');
const staging = await loadEnvironment('staging');

/** As much of a runner as a client load needs that cannot find its store. */
function runnerWithout(
  target: Promise<never>,
  environment: Environment = local,
  problem?: (asking: Asking) => string | null,
): RunnerCore {
  const stores = { declared: () => ({ clientLoad: {} }), target: () => target };
  const planned = new Map(planChecks(environment).map((one) => [one.row.id, one]));
  const permits = problem === undefined ? null : { problem };
  return { stores, parts: { permits }, runState: { environment, planned } } as unknown as RunnerCore;
}

test('should refuse a second client load of a check while the first is still being prepared', async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const loads = new ClientLoads(runnerWithout(promise));
  const first = loads.start(SUBJECT);
  await assert.rejects(loads.start(SUBJECT), /failover\/redis\/hang has a client load already/);
  reject(new Error('no such store'));
  await assert.rejects(first, /no such store/);
});

test('should let a check try again whose client load could not be prepared', async () => {
  const loads = new ClientLoads(runnerWithout(Promise.reject(new Error('no such store'))));
  await assert.rejects(loads.start(SUBJECT), /no such store/);
  await assert.rejects(loads.start(SUBJECT), /no such store/);
});

test('should write nothing for a check once either permit has ended, and ask for as long as its fault may stay', async () => {
  const refusalIn = async (until: string, problem: (asking: Asking) => string | null): Promise<unknown> => {
    const permits = [{ checks: ['failover/**'], faults: ['hang' as const], until, ticket: 'T' }];
    const unreached = Promise.reject(new Error('no such store'));
    unreached.catch(() => undefined);
    const loads = new ClientLoads(runnerWithout(unreached, { ...staging, permits }, problem));
    return loads.start(SUBJECT).catch((error: unknown) => error);
  };
  const asked: Asking[] = [];
  const withdrawn = await refusalIn('2999-01-01T00:00:00Z', (asking) => (asked.push(asking), 'withdrawn'));
  assert.ok(withdrawn instanceof RequestError);
  assert.deepEqual([withdrawn.message, withdrawn.reason], ['withdrawn', 'not-permitted']);
  assert.deepEqual(asked, [{ check: SUBJECT.check, fault: 'hang', staysMs: 600_000 }]);
  const ended = await refusalIn('2020-01-01T00:00:00Z', () => null);
  assert.match(String(ended), /its permit ended 2020/);
  assert.match(String(await refusalIn('2999-01-01T00:00:00Z', () => null)), /no such store/);
});

test('should note for the judge a member that somebody else evicts while the store is followed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-evictions-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const pod = {
    metadata: { name: 'redis-1', uid: 'u', deletionTimestamp: '2026-12-01T00:00:00Z' },
    status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] },
  };
  const later = { ...pod, metadata: { ...pod.metadata, name: 'redis-2', uid: 'v' } };
  let looks = 0;
  let lookedOn = false;
  let seenTwice = Promise.withResolvers<null>();
  const stores = {
    declared: () => ({}),
    // Nothing listens there: who leads is not seen, and that is for people.
    target: () =>
      Promise.resolve({
        primary: { host: '127.0.0.1', port: 1 },
        connection: { declared: local.stores['redis'] },
        members: () => Promise.resolve([]),
      }),
    podObjects: () => {
      looks += 1;
      if (looks === 2) seenTwice.resolve(null);
      return Promise.resolve(lookedOn ? [pod, later] : [pod]);
    },
  };
  const runState = {
    histories: folder,
    environment: local,
    trialFolder: () => folder,
    redact: (text: string) => text,
  };
  const parts = { folder: { id: 'run' }, signal: new AbortController().signal };
  const loads = new ClientLoads({ stores, parts, runState } as unknown as RunnerCore);
  await loads.observe(SUBJECT);
  await seenTwice.promise;
  await loads.stopObserving(SUBJECT.check, true);
  lookedOn = true;
  looks = 0;
  seenTwice = Promise.withResolvers<null>();
  await seenTwice.promise;
  await loads.stopObserving(SUBJECT.check);
  looks = 0;
  const lines = readFileSync(join(folder, 'phases.ndjson'), 'utf8').trim().split('\n');
  const seen = lines.map((line) => JSON.parse(line) as { kind: string; member?: string });
  assert.deepEqual(
    seen.filter(({ kind }) => kind === 'member-evicted').map(({ member }) => member),
    ['redis-1', 'redis-2'],
    'also between the end of the store’s own view and that of the trial',
  );
  await sleep(250);
  assert.equal(looks, 0, 'none after the end');
});
