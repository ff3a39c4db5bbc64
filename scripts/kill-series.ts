/**
 * Kills the harness repeatedly at random moments on the small embedded environment, and prints whether the environment was restored:
 * `node scripts/kill-series.ts [WITH_NEXT_START=20] [WITHOUT=5] [SEED] [--faults postgres/hang,postgres/node-loss,…] [--elsewhere]`. With
 * --faults it kills during drills of these faults, in turn; otherwise during negative controls. With --elsewhere the cluster is accessed
 * like any other: through its API, privileged pods and a power command. Stops with exit 1 when the environment was not restored.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stateDir } from '../host/paths.ts';
import { kubeCallFrom } from '../runner/provider-safety.ts';
import { endElsewhere, prepareElsewhere } from '../tests/integration/_helpers/elsewhere.ts';
import { environmentArgument, INSTANCE } from '../tests/integration/_helpers/instance.ts';
import { KillSeries } from '../tests/integration/_helpers/kill-harness.ts';
import type { Attempt, Plan, Victim, Work } from '../tests/integration/_helpers/kill-harness.ts';
import { errorText } from '../reports/record/error-text.ts';

/** Three of four kills happen while a rollback is pending, because that is the critical time. */
const PENDING_SHARE = 0.75;
/** Maximum delay of the kill, ms. A broken store stays broken for half a minute, other breaks last for seconds. */
const MAX_DELAY_MS: Record<string, number> = {
  cordon: 2_000,
  route: 4_000,
  'paused store': 12_000,
  'lossy store': 12_000,
  drill: 15_000,
};
/** A lasting fault is undone after half a minute. A fault that heals by itself is over sooner, while its trial continues. */
const MAX_FAULT_DELAY_MS = 25_000;
const TRIES = 3;
const BREAKING: Work[] = ['cordon', 'route', 'paused store', 'lossy store'];
const VICTIMS: Victim[] = ['runner', 'all', 'loop'];

interface Asked {
  withStart: number;
  without: number;
  seed: number;
  /** `STORE/FAULT`; empty: use negative controls. */
  faults: Work[];
  elsewhere: boolean;
}

/** Mulberry32: the same seed repeats a series. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Random = () => number;

function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random() * from.length)] as T;
}

function victimOf(at: number): Victim {
  return VICTIMS[at % VICTIMS.length] ?? 'runner';
}

function planOf(at: number, random: Random, next: Plan['next']): Plan {
  const when = next === 'timers' || at % 4 < 4 * PENDING_SHARE ? 'pending' : 'any';
  const victim = victimOf(at);
  const work = when === 'any' ? pick<Work>([...BREAKING, 'drill', 'drill'], random) : pick(BREAKING, random);
  return { work, victim, when, delayMs: Math.round(random() * (MAX_DELAY_MS[work] ?? 0)), next };
}

/** Takes every fault in turn, and combines every victim with every fault. */
function faultPlanOf(
  at: number,
  random: Random,
  { faults, next }: { faults: Work[]; next: Plan['next'] },
): Plan {
  const work = faults[at % faults.length] ?? pick(faults, random);
  const victim = victimOf(Math.floor(at / faults.length));
  return { work, victim, when: 'fault', delayMs: Math.round(random() * MAX_FAULT_DELAY_MS), next };
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
  return `${cells.map((cell, column) => cell.padEnd([4, 26, 12, 8, 10, 8, 8][column] ?? 0)).join('')}${problems.length === 0 ? 'restored' : `NOT RESTORED: ${problems.join('; ')}`}`;
}

/** Makes one attempt. If the work ended before the kill, another plan is drawn. */
async function struck(series: KillSeries, draw: () => Plan): Promise<Attempt | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const plan = draw();
    try {
      return await series.attempt(plan);
    } catch (error) {
      const message = errorText(error);
      console.log(`    not killed (${plan.work}, ${plan.victim}, +${plan.delayMs} ms): ${message}`);
    }
  }
  return null;
}

function asked(): Asked {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { faults: { type: 'string' }, elsewhere: { type: 'boolean', default: false } },
  });
  const [withStart = 20, without = 5, seed = Date.now() % 1_000_000] = positionals.map(Number);
  const faults = (values.faults ?? '').split(',').filter(Boolean) as Work[];
  if (values.elsewhere && faults.length === 0)
    throw new Error('--elsewhere needs --faults: negative controls run only on the embedded environment');
  return { withStart, without, seed, faults, elsewhere: values.elsewhere };
}

async function attempts(series: KillSeries, { withStart, without, seed, faults }: Asked): Promise<number> {
  const random = generator(seed);
  const made: Attempt[] = [];
  let missed = 0;
  for (let at = 0; at < withStart + without; at++) {
    const next = at < withStart ? 'start' : 'timers';
    const draw = (): Plan =>
      faults.length > 0 ? faultPlanOf(at, random, { faults, next }) : planOf(at, random, next);
    const attempt = await struck(series, draw);
    if (attempt === null) missed++;
    else {
      made.push(attempt);
      console.log(row(at, attempt));
      if (attempt.problems.length === 0) continue;
      console.log('    the series ends here; the environment is left as it is for inspection');
      break;
    }
  }
  const restored = made.filter(({ problems }) => problems.length === 0).length;
  const pending = made.filter(({ open }) => open > 0).length;
  console.log(
    `${restored} of ${made.length} restored, ${pending} of them killed while a rollback was pending, ${missed} not killed`,
  );
  return restored === made.length && missed === 0 ? 0 : 1;
}

async function main(): Promise<void> {
  const what = asked();
  const out = mkdtempSync(join(tmpdir(), 'plumbline-kill-'));
  console.log(`seed ${what.seed}; logs in ${out}`);
  const kubeconfig = join(stateDir(INSTANCE), 'kubeconfig');
  const kube = kubeCallFrom(kubeconfig);
  const env = what.elsewhere ? await prepareElsewhere(out, kube.call) : environmentArgument(out);
  const series = await KillSeries.open(kubeconfig, out, env);
  try {
    process.exitCode = await attempts(series, what);
  } finally {
    series.close();
    if (what.elsewhere) await endElsewhere(kube.call);
    kube.close();
  }
}

await main();
