/**
 * Kills the harness again and again, at random moments, on the small embedded environment, and prints what became of it:
 * `node scripts/kill-series.ts [WITH_NEXT_START=20] [WITHOUT=5] [SEED]`. Exit 1 when the environment was not restored once.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stateDir } from '../env/local/paths.ts';
import { INSTANCE, KillSeries } from '../tests/integration/kill-harness.ts';
import type { Attempt, Plan, Victim, Work } from '../tests/integration/kill-harness.ts';

/** Three of four strike while an inverse is open: that is where it hurts. */
const PENDING_SHARE = 0.75;
/** A break of a store is in force for half a minute, the others for seconds. */
const MAX_DELAY_MS: Record<Work, number> = {
  cordon: 2_000,
  route: 4_000,
  'paused store': 12_000,
  'lossy store': 12_000,
  drill: 15_000,
};
const TRIES = 3;
const BREAKING: Work[] = ['cordon', 'route', 'paused store', 'lossy store'];
const VICTIMS: Victim[] = ['runner', 'all', 'playwright', 'worker'];

/** Mulberry32: a series can be repeated by its seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function planOf(at: number, random: () => number, next: Plan['next']): Plan {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const when = next === 'timers' || at % 4 < 4 * PENDING_SHARE ? 'pending' : 'any';
  // Without a next start it is the whole harness that is gone.
  const victim =
    next === 'timers' ? pick<Victim>(['runner', 'all']) : (VICTIMS[at % VICTIMS.length] ?? 'runner');
  const work = when === 'any' ? pick<Work>([...BREAKING, 'drill', 'drill']) : pick(BREAKING);
  return { work, victim, when, delayMs: Math.round(random() * MAX_DELAY_MS[work]), next };
}

function row(at: number, attempt: Attempt): string {
  const { work, victim, open, delayMs, next, restoredMs, problems } = attempt;
  const cells = [
    String(at + 1),
    work,
    victim,
    next,
    `+${delayMs} ms`,
    `${open} open`,
    `${(restoredMs / 1000).toFixed(1)} s`,
  ];
  return `${cells.map((cell, column) => cell.padEnd([4, 14, 12, 8, 10, 8, 8][column] ?? 0)).join('')}${problems.length === 0 ? 'restored' : `NOT RESTORED: ${problems.join('; ')}`}`;
}

/** A blow may come too late, when the work was quicker: then another one is drawn. */
async function struck(series: KillSeries, draw: () => Plan): Promise<Attempt | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const plan = draw();
    try {
      return await series.attempt(plan);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      console.log(`    not struck (${plan.work}, ${plan.victim}, +${plan.delayMs} ms): ${message}`);
    }
  }
  return null;
}

async function main(): Promise<void> {
  const [withStart = 20, without = 5, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
  const random = generator(seed);
  const out = mkdtempSync(join(tmpdir(), 'plumbline-kill-'));
  console.log(`seed ${seed}; logs in ${out}`);
  const series = await KillSeries.open(join(stateDir(INSTANCE), 'kubeconfig'), out);
  const attempts: Attempt[] = [];
  let missed = 0;
  for (let at = 0; at < withStart + without; at++) {
    const attempt = await struck(series, () => planOf(at, random, at < withStart ? 'start' : 'timers'));
    if (attempt === null) missed++;
    else {
      attempts.push(attempt);
      console.log(row(at, attempt));
    }
  }
  series.close();
  const restored = attempts.filter(({ problems }) => problems.length === 0).length;
  const pending = attempts.filter(({ open }) => open > 0).length;
  console.log(
    `${restored} of ${attempts.length} restored, ${pending} of them struck while an undo was pending, ${missed} not struck`,
  );
  process.exitCode = restored === attempts.length && missed === 0 ? 0 : 1;
}

await main();
