/** The measuring chain against outages of known length: real server, real client load process, real history, reader and judge. */
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { exactSums } from '../sums.ts';
import { cutTrial } from './_helpers/cut-trial.ts';
import type { CutResult } from './_helpers/cut-trial.ts';
import { queryOnce } from '../../probes/postgres/query.ts';
import { startPostgres } from './_helpers/postgres-server.ts';
import type { PostgresServer } from './_helpers/postgres-server.ts';

/** Between two writes, at 200 a second. */
const PERIOD_MS = 5;
/** An idle machine takes 5 ms for a new connection, on two cores: there the limit below is 20 ms. */
const CONNECTIONS = 9;
/** A hiccup of the machine only makes an interval wider, so the narrowest of three shows what the chain can do. */
const LENGTHS_MS = [500, 500, 2000];

function assertSums({ record }: CutResult): void {
  const w = exactSums(record);
  assert.deepEqual([w.lost, w.unexpected, w.duplicates], [0, 0, 0]);
}

function assertHolds({ record: { rto, reason }, trueMs }: CutResult): { loMs: number; hiMs: number } {
  assert.ok(rto !== null && trueMs !== null, reason);
  const seen = `[${rto.loMs}, ${rto.hiMs}] ms, the cut lasted [${trueMs.loMs}, ${trueMs.hiMs}] ms`;
  assert.ok(rto.loMs <= trueMs.hiMs && trueMs.loMs <= rto.hiMs, seen);
  return rto;
}

/** How long the middle of several new connections takes to its first answer, ms: what ends an outage is one of them. */
async function newConnectionMs(server: PostgresServer): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const since = performance.now();
    await queryOnce(server.connection, 'SELECT 1', { deadlineMs: 2000 });
    took.push(performance.now() - since);
  }
  return took.toSorted((a, b) => a - b)[CONNECTIONS >> 1] ?? Number.NaN;
}

describe('an outage of known length', () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(async () => {
    await server.stop();
  });

  it('should be measured to within two writes and two new connections when connections are reset', async (t) => {
    const connectMs = await newConnectionMs(server);
    const beyond: number[] = [];
    for (const lengthMs of LENGTHS_MS) {
      const result = await cutTrial(server, { kind: 'cut', lengthMs });
      const { loMs, hiMs } = assertHolds(result);
      assertSums(result);
      const { p50, p99, max, atEdges } = result.record.generatorLagMs;
      beyond.push(hiMs - loMs - 2 * (PERIOD_MS + connectMs + atEdges));
      t.diagnostic(
        `${lengthMs} ms: [${loMs}, ${hiMs}], lag p50 ${p50} p99 ${p99} max ${max} at edges ${atEdges} ms`,
      );
      assert.ok(result.record.writesPerSecond >= 199, `${result.record.writesPerSecond} writes a second`);
    }
    const seen = beyond.map((ms) => ms.toFixed(1)).join(', ');
    assert.ok(
      Math.min(...beyond) <= 0,
      `${seen} ms wider, a new connection takes ${connectMs.toFixed(1)} ms`,
    );
  });

  it('should be held by a wider interval when packets are dropped silently', async (t) => {
    const result = await cutTrial(server, { kind: 'drop', lengthMs: 2000 });
    const { loMs, hiMs } = assertHolds(result);
    assertSums(result);
    assert.ok((result.record.writes?.unknown ?? 0) > 0, 'operations under way got no answer');
    t.diagnostic(
      `[${loMs}, ${hiMs}] ms, noticed ${(hiMs - (result.trueMs?.loMs ?? 0)).toFixed(0)} ms late at most`,
    );
  });

  it('should fail when it never comes back, not be inconclusive', async () => {
    const result = await cutTrial(server, {
      kind: 'cut',
      lengthMs: Infinity,
      rtoDeadlineMs: 3000,
      rtoGoalSeconds: 2,
    });
    assert.equal(result.record.verdict, 'fail', result.record.reason);
    assert.match(result.record.reason, /RTO > 3 s/);
    assert.equal(result.record.rto, null);
    assertSums(result);
  });
});
