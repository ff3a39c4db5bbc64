import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { openHistory } from '../../../probes/history.ts';
import type { LogProbe, LogRecord } from '../../../probes/logs/index.ts';
import { standIn } from '../../../probes/signals/_testing/server.ts';
import { CanaryRun } from './canary-run.ts';

const rehearsal = await loadEnvironment('rehearsal', { with: ['postgres', 'telemetry'] });
const { signal } = new AbortController();

/** A store that has a line of each request under a name. */
function having(service: string, traceIds: readonly string[]): LogProbe {
  const of = (traceId: string): LogRecord => ({
    id: traceId,
    timeMs: Date.now(),
    message: '',
    service,
    traceId,
    correlationId: '',
    number: null,
    node: 'w1',
    namespace: 'bids',
    pod: 'bid-desk-1',
  });
  return {
    kind: 'test',
    search: () => Promise.resolve(traceIds.map(of)),
    close: () => undefined,
    absence: () => Promise.resolve(null),
  };
}

/** Two requests that are sent, and the store of their lines. @param lines that pods write beside them */
async function sending(t: TestContext, { lines, visibleMs }: { lines: number; visibleMs: number }) {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
  const traceIds: string[] = [];
  const edge = await standIn(() => ({ body: {} }));
  t.after(async () => {
    await edge.close();
    rmSync(folder, { recursive: true });
  });
  const { application } = rehearsal;
  const telemetry = rehearsal.telemetry ?? assert.fail('no telemetry');
  const traces = telemetry.traces ?? assert.fail('no traces');
  const path = traces.path.map((hop) => ({ ...hop, service: 'bids.desk', loggedAs: 'desk-app' }));
  const environment = { ...rehearsal, telemetry: { ...telemetry, traces: { ...traces, path } } };
  const look = application?.requests.look ?? assert.fail('no look');
  const { hostname: host, port } = new URL(edge.url);
  const writer = openHistory(folder, 'telemetry.ndjson', {});
  const run = new CanaryRun(
    {
      environment,
      writer,
      traces: null,
      signal,
      logs: having('desk-app', traceIds),
      order: {
        check: 'telemetry/correlation',
        trial: 1,
        follow: ['logs'],
        run: 'plr1',
        requests: 2,
        perSecond: 100,
        nodes: [],
        lines,
        sinceMs: Date.now(),
      },
      target: {
        url: new URL(edge.url),
        endpoint: { host, port: Number(port), tls: null },
        prefix: 'Plumbline canary ',
        contract: { follow: 'trace', proof: 'none' },
        request: { ...look, expects: [] },
      },
    },
    visibleMs,
  );
  await run.requestsSent();
  const sentMs = Date.now();
  const answered = readFileSync(writer.file, 'utf8').matchAll(/"traceId":"([0-9a-f]{32})"/g);
  traceIds.push(...[...answered].map(([, id = '']) => id));
  assert.equal(traceIds.length, 2);
  return { run, sentMs, text: () => readFileSync(writer.file, 'utf8') };
}

test(
  'should await the lines of a request under the name that the service logs under',
  { timeout: 60_000 },
  async (t) => {
    const { run, text } = await sending(t, { lines: 0, visibleMs: 3_600_000 });
    assert.deepEqual(run.answers(), { ended: 2, failed: 0 });
    // A line that is missing would be awaited for an hour.
    await run.finish(Date.now());
    await run.stop();
    assert.match(text(), /"kind":"swept","what":"logs","answered":true/);
  },
);

test('should ask for everything only when all that the disks hold is due', { timeout: 60_000 }, async (t) => {
  const visibleMs = 3000;
  const { run, sentMs } = await sending(t, { lines: 1, visibleMs });
  await run.finish(Date.now());
  await run.stop();
  // The requests ended a little before the test knew.
  assert.ok(Date.now() - sentMs > visibleMs - 1000, `${Date.now() - sentMs} ms after the last request`);
});
