/** The measuring chain against outages of known length: real server, real client load process, real history, reader and judge. */
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { exactSums } from '../sums.ts';
import { cutTrial } from './_helpers/cut-trial.ts';
import type { CutResult } from './_helpers/cut-trial.ts';
import { startPostgres } from './_helpers/postgres-server.ts';
import type { PostgresServer } from './_helpers/postgres-server.ts';

/** Width of the interval, hi − lo, against a proxy at 200 writes a second. */
const WIDTH_MS = 20;
/** scripts/accuracy.ts runs ten of each; here the middle of three, so that one hiccup of the machine does not decide. */
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

describe('an outage of known length', () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(async () => {
    await server.stop();
  });

  it('should be measured to within 20 ms when connections are reset and refused', async (t) => {
    const widths: number[] = [];
    for (const lengthMs of LENGTHS_MS) {
      const result = await cutTrial(server, { kind: 'cut', lengthMs });
      const { loMs, hiMs } = assertHolds(result);
      assertSums(result);
      widths.push(hiMs - loMs);
      const { p50, p99, max, atEdges } = result.record.generatorLagMs;
      t.diagnostic(
        `${lengthMs} ms: [${loMs}, ${hiMs}], lag p50 ${p50} p99 ${p99} max ${max} at edges ${atEdges} ms`,
      );
      assert.ok(result.record.writesPerSecond >= 199, `${result.record.writesPerSecond} writes a second`);
    }
    const middle = widths.toSorted((a, b) => a - b)[1] ?? Infinity;
    assert.ok(middle <= WIDTH_MS, `widths ${widths.map((width) => width.toFixed(1)).join(', ')} ms`);
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
