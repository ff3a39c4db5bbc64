import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import type { LoadResult } from '../../../reports/record/details/load-result.ts';
import type { LoadListener } from '../engine.ts';
import { OperatorEngine } from './index.ts';
import { ApiServer, type Behaviour } from './_testing/api-server.ts';
import { podLog } from './_testing/pod-log.ts';

const MANY = 1_000_000;

let api: ApiServer;
let client: KubeClient;
let stop: () => void;
let folder: string;
before(async () => {
  ({ api, client, stop } = await ApiServer.start());
  folder = await mkdtemp(join(tmpdir(), 'plumbline-outage-'));
  await writeFile(join(folder, 'steady.ts'), 'export default function steady(): void {}\n');
});
after(async () => {
  stop();
  await rm(folder, { recursive: true });
});

interface Case {
  behaviour: Behaviour;
  requests?: number;
  listener?: LoadListener;
  uncountedMs?: number;
}

/** A load in one pod, which sends 10 requests, while calls to the API server are answered with 503. */
async function run({
  behaviour,
  requests = MANY,
  listener = {},
  uncountedMs = 300,
}: Case): Promise<LoadResult> {
  api.reset({ pods: [{ exitCode: 0, log: await podLog(folder, 10, 100) }], ...behaviour });
  const engine = new OperatorEngine({
    client,
    namespace: 'tender',
    check: 'performance.latency',
    parallelism: 1,
    image: 'k6:2.2.0',
    objects: {
      create: async (object) => {
        await client.create(object);
      },
      remove: (ref) => client.delete(ref),
    },
    stubbed: true,
    timeouts: { pollMs: 5, startMs: 5000, uncountedMs, cleanUpMs: 60 },
  });
  const limits = { requests, durationMs: 60_000 };
  const signal = new AbortController().signal;
  return engine.run({ script: join(folder, 'steady.ts'), variables: {}, limits }, listener, signal);
}

test('should go on through an outage of the API server, and read the logs afterwards', async () => {
  const outages = { looks: (index: number) => index % 3 === 0, logs: 1 };
  const result = await run({ behaviour: { outages } });
  assert.deepEqual([result.outcome, result.reason, result.requests.count], ['completed', '', 10]);
});

test('should be deleted when it could not be seen for long, and keep what was counted', async () => {
  let dark = false;
  const result = await run({
    behaviour: { endless: true, outages: { looks: () => dark } },
    listener: { second: () => (dark = true) },
  });
  assert.equal(result.outcome, 'failed');
  assert.match(
    result.reason,
    /could not be seen for 300 ms \(server: get .*503 restarting\): it was deleted/,
  );
  assert.ok(result.requests.count > 0);
});

test('should end a load beyond its limit of requests while its TestRun cannot be seen', async () => {
  let dark = false;
  const result = await run({
    behaviour: { endless: true, outages: { looks: () => dark }, requestsPerLook: 10 },
    requests: 100,
    listener: { started: () => (dark = true) },
    // However slow this machine is, the limit of requests comes first.
    uncountedMs: 60_000,
  });
  assert.match(result.reason, /exceeded its limit of 100 requests/);
  assert.ok(dark, 'it could not be seen by then');
});

test('should keep what was counted of a load whose log is refused', async () => {
  const result = await run({ behaviour: { outages: { refusedLogs: true } } });
  assert.deepEqual([result.outcome, result.requests.count > 0], ['failed', true]);
  assert.match(result.reason, /^forbidden: /);
});
