/** SIGKILL at bad moments: the next start restores the environment, and without one the timers do. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { provisioned } from './_helpers/instance.ts';
import { KillSeries } from './_helpers/kill-harness.ts';
import type { Attempt, Plan } from './_helpers/kill-harness.ts';

let series: KillSeries;

before(async () => {
  const kubeconfig = await provisioned(['postgres']);
  series = await KillSeries.open(kubeconfig, mkdtempSync(join(tmpdir(), 'plumbline-kill-')));
});
after(() => series.close());

async function strike(plan: Plan): Promise<Attempt> {
  const attempt = await series.attempt(plan);
  assert.deepEqual(attempt.problems, []);
  return attempt;
}

test('all processes killed while a route is missing on a node: the next start puts it back', async () => {
  const { open } = await strike({
    work: 'route',
    victim: 'all',
    when: 'pending',
    delayMs: 500,
    next: 'start',
  });
  assert.ok(open > 0, 'an undo was pending');
});

test('the runner killed while a node is cordoned, and nobody starts anything: the timers put it back', async () => {
  const { open } = await strike({
    work: 'cordon',
    victim: 'runner',
    when: 'pending',
    delayMs: 1_500,
    next: 'timers',
  });
  assert.ok(open > 0, 'an undo was pending');
});

test('the runner that spins while a store is cut off, and nobody starts anything: it is killed, and the timers heal it', async () => {
  const { open } = await strike({
    work: 'postgres/partition',
    victim: 'loop',
    when: 'pending',
    delayMs: 1_000,
    next: 'timers',
  });
  assert.ok(open > 0, 'an undo was pending');
});
