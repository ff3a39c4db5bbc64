/** Compares the embedded engine with other load generators: in one run, on loopback, with the same tiny answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONNECTIONS, peers } from './peers.ts';
import type { Peer, Result } from './peers.ts';
import { withTarget } from './target.ts';

const ROUNDS = 3;
const SECONDS = 6;
const RATE = 2000;
/** Rates, tried for a few seconds each, to find the highest sustained one. */
const LADDER = [2000, 4000, 6000, 8000, 10_000, 12_000, 14_000, 16_000, 20_000, 24_000, 28_000, 32_000];
const STEP_SECONDS = 4;
/** Share of the requested rate from which on it counts as sustained. */
const KEPT_SHARE = 0.99;
/** autocannon runs no script. */
const LEAST_OF_AUTOCANNON = 0.8;

export async function benchLoad(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  try {
    const { found, missing } = await peers(folder);
    for (const one of missing) say(`not measured: ${one}`);
    await withTarget(async (url) => {
      await fastest(found, url);
      await atRate(found, url);
      await highestRates(found, url);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const perCpuSecond = ({ requests, cpuSeconds }: Result): number => requests / cpuSeconds;

/** The programs take turns, so that other load on the machine affects all of them. The median of the rounds' ratios counts. */
async function fastest(found: readonly Peer[], url: string): Promise<void> {
  const rounds: Map<string, Result>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const results = new Map<string, Result>();
    for (const peer of found) results.set(peer.name, await peer.closed(url, SECONDS));
    rounds.push(results);
  }
  say(`as fast as it can, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s:`);
  for (const { name } of found) {
    const own = rounds.map((results) => perCpuSecond(results.get(name) as Result));
    say(`  ${name}: ${middle(own).toFixed(0)} requests per CPU-second`);
  }
  for (const { name } of found.slice(1)) {
    const ratios = rounds.map(
      (results) =>
        perCpuSecond(results.get('embedded') as Result) / perCpuSecond(results.get(name) as Result),
    );
    const ratio = middle(ratios);
    if (name === 'autocannon' && ratio < LEAST_OF_AUTOCANNON) process.exitCode = 1;
    say(`embedded / ${name} per CPU-second: ${ratio.toFixed(2)} x`);
  }
}

async function atRate(found: readonly Peer[], url: string): Promise<void> {
  say(`at ${RATE} requests a second, ${SECONDS} s:`);
  const rates = new Map<string, number>();
  for (const { name, open } of found) {
    if (open === undefined) continue;
    const result = await open(url, { ratePerSecond: RATE, seconds: SECONDS });
    const { requests, p50, p99 } = result;
    rates.set(name, perCpuSecond(result));
    say(
      `  ${name}: ${perCpuSecond(result).toFixed(0)} requests per CPU-second, ${requests} of ${RATE * SECONDS} made, p50 ${ms(p50)}, p99 ${ms(p99)}`,
    );
  }
  // Compare only with k6 on this machine: figures from another machine are not comparable.
  const [own, k6] = [rates.get('embedded'), rates.get('k6')];
  if (own === undefined || k6 === undefined) return;
  if (own < k6) process.exitCode = 1;
  say(`embedded / k6 per CPU-second: ${(own / k6).toFixed(2)} x`);
}

async function highestRates(found: readonly Peer[], url: string): Promise<void> {
  say(`highest rate sustained (at least ${KEPT_SHARE * 100} % of the requests, ${STEP_SECONDS} s per step):`);
  for (const { name, open } of found) {
    if (open === undefined) continue;
    let kept = 0;
    for (const ratePerSecond of LADDER) {
      const { requests } = await open(url, { ratePerSecond, seconds: STEP_SECONDS });
      if (requests < ratePerSecond * STEP_SECONDS * KEPT_SHARE) break;
      kept = ratePerSecond;
    }
    say(`  ${name}: ${kept} a second`);
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

const ms = (value: number | null): string => (value === null ? '?' : `${value.toFixed(2)} ms`);

function say(line: string): void {
  console.log(line);
}
