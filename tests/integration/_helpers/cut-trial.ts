/** One trial against a server behind a proxy that is cut for a known time: the real client load, history, reader and judge. */
import { HISTORY_SCHEMA } from '../../../reports/record/history/history.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { anchor, monoMs } from '../../../host/clock.ts';
import { openHistory, writeHeader } from '../../../probes/history.ts';
import { storeDriver } from '../../../probes/stores.ts';
import { startClientLoad } from '../../../probes/client-load/process.ts';
import { trialRecord } from '../../trial-record.ts';
import { readHistory } from '../../../reports/record/history/read-history.ts';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { freePort } from '../../../host/_testing/free-port.ts';
import { armed, landed } from '../../fault-lines.ts';
import type { PostgresServer } from './postgres-server.ts';

/** `cut` resets and refuses, `drop` swallows silently. */
export type CutKind = 'cut' | 'drop';

export interface CutOptions {
  kind: CutKind;
  /** Length of the cut, ms; Infinity: it is never undone. */
  lengthMs: number;
  /** Longest wait for a steady stretch, ms. */
  rtoDeadlineMs?: number;
  rtoGoalSeconds?: number;
}

export interface CutResult {
  record: FailoverRecord;
  /** What the proxy measured of itself: the cut lasted at least `loMs` and at most `hiMs`; null: it was never undone. */
  trueMs: { loMs: number; hiMs: number } | null;
}

interface Taken {
  before: number;
  after: number;
}

const PROXY = fileURLToPath(new URL('./cut-proxy.ts', import.meta.url));
const BEFORE_MS = 1500;
const STEADY_MS = 5200;
const READ_BACK_MS = 20_000;
const STOP_MS = 10_000;

let trials = 0;

export async function cutTrial(server: PostgresServer, options: CutOptions): Promise<CutResult> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-cut-'));
  const proxy = await startProxy(server.connection.port);
  try {
    const trueMs = await observe(server, options, { folder, proxy, run: `cut-${process.pid}-${++trials}` });
    return { record: trialRecord(await readHistory(folder)), trueMs };
  } finally {
    await proxy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Rig {
  folder: string;
  proxy: Awaited<ReturnType<typeof startProxy>>;
  run: string;
}

async function observe(
  server: PostgresServer,
  options: CutOptions,
  { folder, proxy, run }: Rig,
): Promise<CutResult['trueMs']> {
  const rtoDeadlineMs = options.rtoDeadlineMs ?? 30_000;
  const check = writeHeader(folder, {
    kind: 'header',
    schema: HISTORY_SCHEMA,
    check: 'failover/postgres/cut',
    trial: 1,
    environment: 'test',
    goals: { rtoSeconds: options.rtoGoalSeconds ?? 10, lostWrites: 0 },
    settings: { members: 1, rtoDeadlineMs },
    anchor: anchor(),
  });
  const connection = { ...server.connection, port: proxy.port };
  const clientLoad = startClientLoad({ store: 'postgres', history: folder, run, connection });
  try {
    await clientLoad.ready;
    await sleep(BEFORE_MS);
    const faults = openHistory(folder, 'faults.ndjson');
    const injected = { fault: options.kind, target: 'proxy' };
    faults.observe(armed(injected));
    const sinceMs = monoMs();
    const cut = await proxy.send(options.kind);
    for (const seen of landed(injected, sinceMs)) faults.observe(seen);
    await faults.close();
    const back = await restoreAfter(proxy, options, cut);
    if (back === null) check.observe({ kind: 'deadline', rtoDeadlineMs, detail: 'not restored' });
    await clientLoad.stop(STOP_MS);
    if (back === null) await proxy.send(options.kind === 'cut' ? 'restore' : 'resume');
    const readback = openHistory(folder, 'readback.ndjson');
    const member = { name: 'solo', address: server.connection.host, port: server.connection.port };
    const target = { connection: server.connection, members: () => Promise.resolve([member]) };
    const request = { run, write: readback.observe.bind(readback) };
    await storeDriver('postgres').readBack(target, request, { deadlineMs: READ_BACK_MS });
    await readback.close();
    check.observe({ kind: 'steady-after', ok: true, detail: 'the server was not touched' });
    check.observe({ kind: 'end' });
    return back;
  } finally {
    await clientLoad.stop(STOP_MS);
    await check.close();
  }
}

/** Undoes the cut when its time has come and lets a steady stretch pass; null after the deadline for one that stays. */
async function restoreAfter(
  proxy: Rig['proxy'],
  options: CutOptions,
  cut: Taken,
): Promise<CutResult['trueMs']> {
  if (!Number.isFinite(options.lengthMs)) {
    await sleep(options.rtoDeadlineMs ?? 30_000);
    return null;
  }
  await sleep(options.lengthMs - (monoMs() - cut.after));
  const back = await proxy.send(options.kind === 'cut' ? 'restore' : 'resume');
  // After silence the operations that hang must first run into their deadline.
  await sleep(STEADY_MS + (options.kind === 'drop' ? 1500 : 300));
  return { loMs: back.before - cut.after, hiMs: back.after - cut.before };
}

/** Starts the proxy of cut-proxy.ts in front of a port of the loopback. */
export async function startProxy(targetPort: number) {
  const port = await freePort();
  const child = spawn(process.execPath, [PROXY, String(port), String(targetPort)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const next = async (): Promise<string> => String((await once(lines, 'line'))[0]);
  await next(); // ready
  return {
    port,
    send: async (command: string): Promise<Taken> => {
      const answer = next();
      child.stdin.write(`${command}\n`);
      return JSON.parse(await answer) as Taken;
    },
    stop: async (): Promise<void> => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
