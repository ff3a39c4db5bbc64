/**
 * Measures whether a full log store makes the telemetry checks slower:
 * `node scripts/log-store-size.ts [--env local] [--documents 5000000] [--questions]`. Runs the telemetry suite and times its queries, fills
 * the log store of a provisioned embedded environment with lines of the last day and the next hour, does both again, and removes the lines.
 * `--questions` leaves the suite out. A check that takes less than three seconds counts with the median of nine runs. Exit 1 if a check
 * takes more than twice as long, a query takes more than twice as long and more than 20 ms, or a check does not pass.
 */
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEnvironment } from '../suites/catalogue/plan/open.ts';
import { traitsOf } from '../env/providers/declared.ts';
import { askOnce } from '../host/http.ts';
import type { LogSettings } from '../env/schema.ts';
import { logProbe } from '../probes/logs/index.ts';
import type { LogSearch } from '../probes/logs/index.ts';
import type { SignalAddress } from '../probes/signals/index.ts';
import { median } from '../reports/judge/statistics.ts';
import type { RunRecord } from '../reports/record/run-record.ts';
import { connect } from '../runner/run/connect.ts';
import { Progress } from '../runner/run/progress.ts';
import { StoreTargets } from '../runner/targets/store-target.ts';
import { addressOf } from '../runner/ask/telemetry/sources.ts';

/** Goal: the maximum ratio of the durations after and before. */
const MOST_RATIO = 2;
/** Queries within this time, ms, always meet the goal: the shortest check that sends any takes seconds. */
const QUICK_MS = 20;
const INDICES = ['logs-filled-1', 'logs-filled-2', 'logs-filled-3', 'logs-filled-4', 'logs-filled-5'];
const BATCH = 1_000;
const ASKED = 40;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const REQUEST_MS = 120_000;
/** A store with full buffers answers 429, its proxy 503; both are retried up to TRIES times, LATER_MS apart. */
const BUSY = [429, 503];
const TRIES = 60;
const LATER_MS = 1_000;
/** A check that takes less than SHORT_S seconds is run AGAIN more times. The median counts, because a single short run varies much. */
const SHORT_S = 3;
const AGAIN = 8;
/** Exit codes of a run that has verdicts: met, not met, inconclusive. */
const LOOKED = [0, 1, 2];

const { values } = parseArgs({
  options: {
    env: { type: 'string', default: 'local' },
    documents: { type: 'string', default: '5000000' },
    questions: { type: 'boolean', default: false },
  },
});
const documents = Number(values.documents);
if (!Number.isSafeInteger(documents) || documents < 1)
  throw new Error(`--documents: expected a whole number from 1 on, seen ${values.documents}`);
const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
const { signal } = interrupt;

const environment = await openEnvironment(values.env, { with: 'provisioned', size: 'provisioned' });
if (!traitsOf(environment).ownedByUs)
  throw new Error(
    `${values.env} is not an embedded environment: this script fills only the log store of one`,
  );
const logs = declaredLogs();
const address = await accountOf();
let waits = 0;
const folder = mkdtempSync(join(tmpdir(), 'plumbline-log-store-'));
try {
  await empty(signal);
  const before = await both('before');
  const short = [...before.suite].filter(([, seconds]) => seconds < SHORT_S).map(([id]) => id);
  const shortBefore = await again('before', short);
  await fill();
  const after = await both('after');
  const shortAfter = await again('after', short);
  compare('question', before.asked, after.asked, { unit: 'ms', quick: QUICK_MS });
  compare('check', joined(before.suite, shortBefore), joined(after.suite, shortAfter), {
    unit: 's',
    quick: 0,
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
  // Remove the lines after an interrupt too: the signal is aborted by then, so this uses a timeout of its own.
  await empty(AbortSignal.timeout(REQUEST_MS));
}

function declaredLogs(): LogSettings {
  const declared = environment.telemetry?.logs;
  if (declared === undefined) throw new Error(`${values.env} was provisioned without telemetry`);
  return declared;
}

async function accountOf(): Promise<SignalAddress> {
  const progress = new Progress();
  const connection = await connect({ environment, progress, signal, provision: false });
  try {
    const stores = new StoreTargets(environment, connection.cluster);
    return await addressOf({ stores }, logs);
  } finally {
    connection.cluster.close();
    progress.close();
  }
}

/** Sends a request to the log store, and retries while it is too busy; attempts and times are limited. */
async function store(
  method: string,
  path: string,
  { body, until = signal }: { body?: string; until?: AbortSignal } = {},
): Promise<string> {
  for (let left = TRIES; ; left--) {
    const { status, text } = await ask(method, path, { body, until });
    if (status >= 200 && status < 300) return text;
    if (!BUSY.includes(status) || left === 0)
      throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
    waits++;
    await sleep(LATER_MS, undefined, { signal: until });
  }
}

function ask(
  method: string,
  path: string,
  { body, until }: { body: string | undefined; until: AbortSignal },
): Promise<{ status: number; text: string }> {
  const question = { method, path, body, headers: { 'content-type': 'application/x-ndjson' } };
  return askOnce(address, question, { deadlineMs: REQUEST_MS, signal: until });
}

async function empty(until: AbortSignal): Promise<void> {
  for (const index of INDICES) await store('DELETE', `/${index}?ignore_unavailable=true`, { until });
}

/**
 * Writes lines of 200 pods, spread evenly over the last day and the next hour, so that the minutes that the checks query contain lines
 * too.
 */
async function fill(): Promise<void> {
  const fromMs = Date.now() - DAY_MS;
  const stepMs = (DAY_MS + HOUR_MS) / documents;
  const begun = performance.now();
  for (const index of INDICES)
    await store('PUT', `/${index}`, { body: JSON.stringify({ settings: { refresh_interval: '-1' } }) });
  for (let first = 0; first < documents; first += BATCH) {
    const lines: string[] = [];
    for (let n = first; n < Math.min(first + BATCH, documents); n++)
      lines.push('{"create":{}}', JSON.stringify(lineOf(n, fromMs + n * stepMs)));
    // Fill one index after the other, because each needs its own buffers in the store.
    const index = INDICES[Math.floor((first / documents) * INDICES.length)] ?? '';
    const body = `${lines.join('\n')}\n`;
    const answer = await store('POST', `/${index}/_bulk?filter_path=errors`, { body });
    if (answer !== '{"errors":false}')
      throw new Error(`the store did not accept all lines: ${answer.slice(0, 300)}`);
  }
  for (const index of INDICES) {
    const body = JSON.stringify({ index: { refresh_interval: '1s' } });
    await store('PUT', `/${index}/_settings`, { body });
    await store('POST', `/${index}/_refresh`);
  }
  const { count } = JSON.parse(await store('GET', '/logs-filled-*/_count')) as { count: number };
  if (count !== documents) throw new Error(`found ${count} of ${documents} lines in the store`);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(`${count} lines in ${seconds} s; the store was too busy ${waits} times`);
}

function lineOf(n: number, atMs: number): Record<string, unknown> {
  const pod = n % 200;
  return {
    '@timestamp': new Date(atMs).toISOString(),
    message: `request ${n} of tender ${n % 9973} took ${n % 331} ms`,
    service: `service-${pod % 12}`,
    level: 'info',
    trace_id: n.toString(16).padStart(32, '0'),
    mark: `filled-${n.toString(36)}`,
    n,
    kubernetes: { node: `node-${pod % 7}`, namespace: 'tender', pod: `filled-${pod}`, container: 'app' },
  };
}

/** Median duration of each kind of query that the checks send, ms. */
async function questions(): Promise<Map<string, number>> {
  const probe = logProbe(logs, address);
  const toMs = Date.now();
  const kinds: [string, Omit<LogSearch, 'most'>][] = [
    ['by correlation id, 5 minutes', { fromMs: toMs - 300_000, toMs, correlationId: 'pl-of-nobody' }],
    ['by correlation id, an hour', { fromMs: toMs - HOUR_MS, toMs, correlationId: 'pl-of-nobody' }],
    ['by pod, 30 seconds', { fromMs: toMs - 30_000, toMs, pod: { namespace: 'tender', name: 'filled-7' } }],
  ];
  try {
    const found = new Map<string, number>();
    for (const [kind, search] of kinds) {
      const times: number[] = [];
      for (let i = 0; i < ASKED; i++) {
        const begun = performance.now();
        await probe.search({ ...search, most: 50_000 }, { deadlineMs: REQUEST_MS, signal });
        times.push(performance.now() - begun);
      }
      found.set(kind, median(times) ?? Number.NaN);
    }
    return found;
  } finally {
    probe.close();
  }
}

async function both(when: string): Promise<{ asked: Map<string, number>; suite: Map<string, number> }> {
  const asked = await questions();
  if (values.questions) return { asked, suite: new Map() };
  return { asked, suite: await checks(join(folder, when), ['--suite', 'telemetry']) };
}

/** Durations of these checks in AGAIN runs, s. */
async function again(when: string, ids: readonly string[]): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>(ids.map((id) => [id, []]));
  const which = ids.flatMap((id) => ['--check', id]);
  for (let run = 0; run < AGAIN && ids.length > 0; run++)
    for (const [id, seconds] of await checks(join(folder, `${when}-${run}`), which))
      found.get(id)?.push(seconds);
  return found;
}

/** Duration of each check: the median if it was run again, otherwise the single value. */
function joined(
  once: ReadonlyMap<string, number>,
  more: ReadonlyMap<string, readonly number[]>,
): Map<string, number> {
  return new Map(
    [...once].map(([id, seconds]) => [id, median([...(more.get(id) ?? []), seconds]) ?? Number.NaN]),
  );
}

/** Durations of the checks of one run, s. @param out folder for this run only, so that `latest` is this run */
async function checks(out: string, which: readonly string[]): Promise<Map<string, number>> {
  const args = ['cli/plumbline.mjs', 'run', '--env', values.env, ...which, '--out', out];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  interrupt.signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  const [code] = (await once(child, 'exit')) as [number | null];
  signal.throwIfAborted();
  if (!LOOKED.includes(code ?? -1)) throw new Error(`no check was run (exit ${String(code)})`);
  const record = JSON.parse(readFileSync(join(out, 'latest', 'run.json'), 'utf8')) as RunRecord;
  console.log(record.sentence);
  const run = record.checks.filter(({ verdict }) => verdict !== 'not-run');
  if (run.length === 0) throw new Error('no check of telemetry ran');
  for (const { id, verdict, reason } of run)
    if (verdict !== 'pass') {
      console.log(`${id}: ${verdict}: ${reason}`);
      process.exitCode = 1;
    }
  return new Map(run.map(({ id, durationMs }) => [id, durationMs / 1000]));
}

function compare(
  what: string,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  { unit, quick }: { unit: string; quick: number },
): void {
  for (const [name, was] of before) {
    const is = after.get(name) ?? Number.NaN;
    const met = is / was <= MOST_RATIO || is <= quick;
    if (!met) process.exitCode = 1;
    const goal = `goal ≤ ${MOST_RATIO}${quick > 0 ? ` or ≤ ${quick} ${unit}` : ''}`;
    const verdict = `${goal}: ${met ? 'met' : 'MISSED'}`;
    console.log(
      `${what} ${name}: ${was.toPrecision(3)} ${unit}, then ${is.toPrecision(3)} ${unit}: ${(is / was).toFixed(2)} x (${verdict})`,
    );
  }
}
