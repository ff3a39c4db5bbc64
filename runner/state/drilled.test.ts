import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
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
    appendFileSync(
      join(folder, 'journal/drilled.ndjson'),
      `${JSON.stringify({ check: 'by an older release', pods: [], from: iso(4) })}\n`,
    );
    appendFileSync(join(folder, 'journal/drilled.ndjson'), '{"check":"cut');
    const later = new Drills(join(folder, 'journal'), silent);
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
    assert.match(said[0] ?? '', /^the list of pods that drills hit cannot be kept in .*drilled\.ndjson: E/);
    assert.equal(new Set(said).size, said.length);
    await rm(join(folder, 'journal'));
    await mkdir(join(folder, 'journal'));
    // Half a line that the disk still took.
    await writeFile(join(folder, 'journal/drilled.ndjson'), '{"check":"failover/redis/ha');
    drills.begin('failover/redis/hang', ['tender/redis-2'], begun(4));
    assert.deepEqual(new Drills(join(folder, 'journal'), silent).ofLate(at(5)), [
      expected,
      { ...expected, pods: ['tender/redis-2'], from: iso(4), to: iso(5) },
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
