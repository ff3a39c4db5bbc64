/**
 * Writes to every store of an embedded environment at the same time, and prints how late the writes were started and how many were
 * acknowledged: `node scripts/client-loads-at-once.ts [--env local] [--seconds 60]`. No fault is injected. Exit 1 if a load generator
 * lagged more than the limit of the failover record (p99 outside of outages), or a store acknowledged nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEnvironment } from '../suites/catalogue/plan/open.ts';
import { writeHeader } from '../probes/history.ts';
import { anchor } from '../host/clock.ts';
import { storeDriver, STORES } from '../probes/stores.ts';
import { startClientLoad } from '../probes/client-load/process.ts';
import type { ClientLoadProcess } from '../probes/client-load/process.ts';
import { acknowledgements } from '../reports/judge/failover/writes/acknowledgements.ts';
import { generatorLag, MAX_LAG_MS } from '../suites/failover/_judge/outages/generator.ts';
import { outagesOf } from '../reports/judge/failover/outages/outages.ts';
import { HISTORY_SCHEMA, OUTCOMES } from '../reports/record/history/history.ts';
import { readHistory } from '../reports/record/history/read-history.ts';
import { connect } from '../runner/run/connect.ts';
import { Progress } from '../runner/run/progress.ts';
import { StoreTargets } from '../runner/targets/store-target.ts';

const STOP_DEADLINE_MS = 30_000;

const { values } = parseArgs({
  options: { env: { type: 'string', default: 'local' }, seconds: { type: 'string', default: '60' } },
});
const seconds = Number(values.seconds);
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());

const environment = await openEnvironment(values.env, { with: 'provisioned', size: 'provisioned' });
const progress = new Progress();
const connection = await connect({ environment, progress, signal: interrupt.signal, provision: false });
const folder = mkdtempSync(join(tmpdir(), 'plumbline-at-once-'));
try {
  const targets = new StoreTargets(environment, connection.cluster);
  const stores = Object.keys(environment.stores).filter((store) => STORES.includes(store));
  console.log(`${stores.length} stores (${stores.join(', ')}), ${seconds} s, ${cpus().length} cores`);
  const running = await Promise.all(stores.map((store) => start(store, targets)));
  await Promise.all(running.map(({ process: one }) => one.ready));
  await sleep(seconds * 1000, undefined, { signal: interrupt.signal }).catch(() => undefined);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  await Promise.all(running.map(({ process: one }) => one.stop(STOP_DEADLINE_MS)));
  let good = true;
  for (const { store } of running) good = (await report(store)) && good;
  console.log(`load average at the end: ${load}`);
  process.exitCode = good ? 0 : 1;
} finally {
  connection.cluster.close();
  progress.close();
  rmSync(folder, { recursive: true, force: true });
}

interface Running {
  store: string;
  process: ClientLoadProcess;
}

async function start(store: string, targets: StoreTargets): Promise<Running> {
  const history = join(folder, store);
  await writeHeader(history, {
    kind: 'header',
    schema: HISTORY_SCHEMA,
    check: `failover/${store}/none`,
    trial: 1,
    environment: environment.name,
    goals: {},
    settings: {},
    anchor: anchor(),
  }).close();
  const declared = targets.declared(store);
  const { connection: at } = await targets.target(store);
  const started = startClientLoad(
    {
      store,
      history,
      run: `at-once/${process.pid}`,
      connection: at,
      ratePerSecond: declared.clientLoad.writesPerSecond,
      readRatePerSecond: declared.clientLoad.readsPerSecond,
      ...storeDriver(store).connections,
    },
    { signal: interrupt.signal },
  );
  return { store, process: started };
}

/** Prints the line of a store. @returns false if the load was not delivered as stated */
async function report(store: string): Promise<boolean> {
  const { writes } = await readHistory(join(folder, store));
  const acks = acknowledgements(writes);
  const outages = outagesOf(writes, acks);
  const lag = generatorLag(writes, [], outages);
  const acknowledged = writes.outcome.filter((one) => one === OUTCOMES.ok).length;
  const late = lag.outside ?? lag.p99;
  const good = late <= MAX_LAG_MS && acknowledged > 0;
  const parts = [
    `${store.padEnd(14)} ${String(writes.count).padStart(6)} writes, ${acknowledged} acknowledged, ${outages.length} outages`,
    `lag ms p50 ${lag.p50.toFixed(2)}, p99 ${lag.p99.toFixed(2)}, p99 outside of outages ${late.toFixed(2)}, max ${lag.max.toFixed(1)}`,
    good ? '' : `: more than ${MAX_LAG_MS} ms, or nothing acknowledged`,
  ];
  console.log(parts.filter((part) => part !== '').join('; '));
  return good;
}
