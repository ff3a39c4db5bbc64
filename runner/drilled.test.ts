import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Drills } from './drilled.ts';

const at = (minute: number): Date => new Date(Date.parse('2026-01-08T00:00:00Z') + minute * 60_000);
const iso = (minute: number): string => at(minute).toISOString();

test('false verdict 20: drills of earlier runs are remembered with the pods that they hurt', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-drilled-'));
  try {
    const earlier = new Drills(join(folder, 'ledger'));
    assert.deepEqual(earlier.ofLate(at(0)), []);
    earlier.end('failover/postgres/hang', at(0));
    assert.deepEqual(earlier.ofLate(at(0)), [], 'it hurt nothing');
    const restarts = new Map([
      ['tender/postgres-0', 7],
      ['tender/other-0', 1],
    ]);
    earlier.begin('failover/postgres/hang', ['tender/postgres-0'], { from: at(1), restarts });
    earlier.end('failover/postgres/hang', at(2));
    earlier.end('failover/postgres/hang', at(3));
    earlier.begin('failover/redis/pod-crash', ['tender/redis-1'], { from: at(4), restarts });
    appendFileSync(
      join(folder, 'ledger/drilled.ndjson'),
      `${JSON.stringify({ check: 'by an older release', pods: [], from: iso(4) })}\n`,
    );
    appendFileSync(join(folder, 'ledger/drilled.ndjson'), '{"check":"cut');
    const later = new Drills(join(folder, 'ledger'));
    const first = {
      ...{ pods: ['tender/postgres-0'], from: iso(1), to: iso(2) },
      restarts: { 'tender/postgres-0': 7 },
    };
    const second = (to: string) => ({ pods: ['tender/redis-1'], from: iso(4), to, restarts: {} });
    const older = (to: string) => ({ pods: [], from: iso(4), to });
    assert.deepEqual(later.ofLate(at(5)), [first, second(iso(5)), older(iso(5))]);
    assert.deepEqual(later.ofLate(at(60)), [first, second(iso(19)), older(iso(19))], 'its process died');
    assert.deepEqual(later.ofLate(at(8 * 24 * 60)), [], 'long ago');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
