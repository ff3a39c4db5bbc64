/**
 * Whether a full store of log lines makes the checks of telemetry slower:
 * `node scripts/log-store-size.ts [--env local] [--documents 5000000] [--questions]`. Runs the telemetry suite and times the questions that it asks, fills the store of a provisioned embedded environment with lines of the last day and
 * the next hour, does both again, and removes what it filled; `--questions` leaves the suite
 * out. Of a check that takes less than three seconds the median of nine counts. Exit 1 where a check takes more than twice as long, a question more than twice as long and more than 20 ms, or a check does not pass.
 */
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEnvironment } from '../suites/catalogue/plan/open.ts';
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

/** The goal: no check becomes more than so much slower. */
const MOST_RATIO = 2;
/** Questions answered within so many ms are no matter: the shortest check that asks some takes seconds. */
const QUICK_MS = 20;
const INDICES = ['logs-filled-1', 'logs-filled-2', 'logs-filled-3', 'logs-filled-4', 'logs-filled-5'];
const BATCH = 1_000;
const ASKED = 40;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const REQUEST_MS = 120_000;
/** A store whose memory is full of what it has just taken says 429, its gate 503, and wants to be asked later: so often, with so long between. */
const BUSY = [429, 503];
const TRIES = 60;
const LATER_MS = 1_000;
/** A check that takes less than so many seconds is run so often more: the median counts, since once is chance. */
const SHORT_S = 3;
const AGAIN = 8;
/** Exit codes of a run that looked: met, not met, inconclusive. */
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
if (!('embedded' in environment.cluster))
  throw new Error(`${values.env} is not embedded: a log store of somebody else is not filled`);
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
  // Whoever interrupts wants it gone as well.
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
    return await addressOf({ stores, environment }, logs);
  } finally {
    connection.cluster.close();
    progress.close();
  }
}

/** Asks the store itself, again where it has too much to do; all of it is bounded in time. */
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

async function ask(
  method: string,
  path: string,
  { body, until }: { body: string | undefined; until: AbortSignal },
): Promise<{ status: number; text: string }> {
  const { user, password } = address.account ?? { user: '', password: '' };
  const answer = await fetch(`${address.url}${path}`, {
    method,
    signal: AbortSignal.any([until, AbortSignal.timeout(REQUEST_MS)]),
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'content-type': 'application/x-ndjson',
    },
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, text: await answer.text() };
}

async function empty(until: AbortSignal): Promise<void> {
  for (const index of INDICES) await store('DELETE', `/${index}?ignore_unavailable=true`, { until });
}

/** Lines of 200 pods, evenly over the last day and the next hour, so that the minutes in which the checks look are full of them too. */
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
    // One index after the other: each has buffers of its own.
    const index = INDICES[Math.floor((first / documents) * INDICES.length)] ?? '';
    const body = `${lines.join('\n')}\n`;
    const answer = await store('POST', `/${index}/_bulk?filter_path=errors`, { body });
    if (answer !== '{"errors":false}') throw new Error(`not all lines were taken: ${answer.slice(0, 300)}`);
  }
  for (const index of INDICES) {
    const body = JSON.stringify({ index: { refresh_interval: '1s' } });
    await store('PUT', `/${index}/_settings`, { body });
    await store('POST', `/${index}/_refresh`);
  }
  const { count } = JSON.parse(await store('GET', '/logs-filled-*/_count')) as { count: number };
  if (count !== documents) throw new Error(`${count} of ${documents} lines are in the store`);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(`${count} lines in ${seconds} s; ${waits} times the store was too busy to take some`);
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

/** Median ms of each kind of question that the checks ask. */
async function questions(): Promise<Map<string, number>> {
  const probe = logProbe(logs, address);
  const toMs = Date.now();
  const kinds: [string, Omit<LogSearch, 'most'>][] = [
    ['by mark, 5 minutes', { fromMs: toMs - 300_000, toMs, mark: 'pl-of-nobody' }],
    ['by mark, an hour', { fromMs: toMs - HOUR_MS, toMs, mark: 'pl-of-nobody' }],
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

/** Seconds of each of these checks, in each of some runs. */
async function again(when: string, ids: readonly string[]): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>(ids.map((id) => [id, []]));
  const which = ids.flatMap((id) => ['--check', id]);
  for (let run = 0; run < AGAIN && ids.length > 0; run++)
    for (const [id, seconds] of await checks(join(folder, `${when}-${run}`), which))
      found.get(id)?.push(seconds);
  return found;
}

/** The median of those that were run again, the others as they were. */
function joined(
  once: ReadonlyMap<string, number>,
  more: ReadonlyMap<string, readonly number[]>,
): Map<string, number> {
  return new Map(
    [...once].map(([id, seconds]) => [id, median([...(more.get(id) ?? []), seconds]) ?? Number.NaN]),
  );
}

/** Seconds of each check that ran. @param out a folder of this run alone: what it leaves is of no other */
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
