/** The rehearsal as these tests use it: its file, its owners' access, and runs against a changed copy of the file. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { plumbline } from '../../../cli/_testing/cli.ts';

import { CLUSTER_GROUPS, toolsDir } from '../../../env/local/toolchain/index.ts';
import { readStamp } from '../../../env/local/state/stamp.ts';
import { CHECKOUT, stateDir } from '../../../host/paths.ts';
import { run } from '../../../host/run.ts';
import { parseRun } from '../../../reports/record/parse-run.ts';
import type { RunRecord } from '../../../reports/record/run-record.ts';

const NAME = 'rehearsal';
export const STATE = stateDir(NAME);
const KUBECTL_MS = 60_000;

/** As much of a store in the file as these tests read or change. */
export interface StoreRows {
  statefulSet?: { namespace: string; name: string };
  statefulSets?: { namespace: string; sets: { name: string; members: number }[] };
  pods?: { namespace: string; labels: Record<string, string> };
  members: number;
  primary: Address;
  paths?: Record<string, Address[]>;
  password: { file: string };
  tls: { ca: { file: string }; serverName: string };
  sentinel?: { master: string; addresses: Address[]; password: { file: string } };
  database?: string;
  vhost?: string;
  management?: { port: number };
  durability: Record<string, string>;
}
export interface Address {
  host: string;
  port: number;
}
/** As much of the file as these tests read or change. */
export interface EnvironmentRows {
  stores: Record<string, StoreRows>;
  application: {
    credentials: {
      headers?: Record<string, { file: string }>;
      oauth2?: { tokenUrl: string; clientId: string; clientSecret: { file: string } };
    };
  };
  load?: { steady: { requestsPerSecond: number; seconds: number } };
}

/** The stores that the file declares and the rehearsal was provisioned with; of those that PLUMBLINE_STORES names, if it names any. */
export function provisionedStores(): [string, StoreRows][] {
  const stamp = readStamp(NAME);
  if (stamp === null)
    throw new Error(`${NAME} is not up: node cli/plumbline.mjs env up --env ${NAME} --with all`);
  const asked = process.env['PLUMBLINE_STORES']?.split(',') ?? stamp.with;
  return Object.entries(readRows().stores).filter(
    ([name]) => stamp.with.includes(name) && asked.includes(name),
  );
}

function readRows(): EnvironmentRows {
  return parse(readFileSync(join(CHECKOUT, `env/${NAME}.yaml`), 'utf8')) as EnvironmentRows;
}

/** A folder for one file's tests, with the changed files and the runs in it. Removed only when all went well: runs explain a failure. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'plumbline-rehearsal-'));

  /** A copy of the environment file with one store changed, and others as `change` likes. */
  changed(store: string, change: (rows: StoreRows, all: Record<string, StoreRows>) => void): string {
    return this.changedFile(({ stores }) => {
      const rows = stores[store];
      if (rows === undefined) throw new Error(`env/${NAME}.yaml declares no store "${store}"`);
      change(rows, stores);
    });
  }

  /** A copy of the environment file, changed. */
  changedFile(change: (all: EnvironmentRows) => void): string {
    const all = readRows();
    change(all);
    const file = join(this.folderOf('env'), `${NAME}.yaml`);
    writeFileSync(file, stringify(all));
    return file;
  }

  file(name: string, text: string): string {
    const path = join(this.folderOf('file'), name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Runs these checks and reads the record of the run. */
  async run(environment: string, checks: readonly string[]): Promise<RunRecord> {
    return (await this.runIn(environment, checks)).record;
  }

  /** The same, with the folder of the run. */
  async runIn(
    environment: string,
    checks: readonly string[],
  ): Promise<{ record: RunRecord; folder: string }> {
    return this.runInto(this.folderOf('runs'), environment, checks);
  }

  /** A new folder. */
  folderOf(what: string): string {
    return mkdtempSync(join(this.folder, `${what}-`));
  }

  /** The same, where the folder of the run is to be made in `out`. */
  async runInto(
    out: string,
    environment: string,
    checks: readonly string[],
  ): Promise<{ record: RunRecord; folder: string }> {
    const argv = ['run', '--env', environment, '--out', out, ...checks.flatMap((one) => ['--check', one])];
    const { PLUMBLINE_STATE } = process.env;
    const { code, stdout, stderr } = await plumbline(
      argv,
      PLUMBLINE_STATE === undefined ? {} : { PLUMBLINE_STATE },
    );
    const [made] = readdirSync(out).filter((name) => name !== 'latest');
    if (made === undefined)
      throw new Error(`plumbline ${argv.join(' ')} ended with ${code} and made no run: ${stdout}${stderr}`);
    const folder = join(out, made);
    return { record: parseRun(readFileSync(join(folder, 'run.json'), 'utf8')), folder };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function checkIn({ checks }: RunRecord, id: string): RunRecord['checks'][number] {
  return checks.find((one) => one.id === id) ?? assert.fail(`the run has no check ${id}`);
}

/** What a check says of itself: its reason, its rules, and all that deviated. */
export function saidBy({ reason, rules = [], findings }: RunRecord['checks'][number]): string {
  const deviated = findings.map(
    ({ subject, expected, seen }) => `${subject}: expected ${expected}, seen ${seen}`,
  );
  return [reason, ...rules.map(({ text }) => text), ...deviated].join('\n');
}

/** kubectl with the owners' rights. */
export async function kubectl(argv: readonly string[], timeoutMs = KUBECTL_MS): Promise<string> {
  const access = ['--kubeconfig', join(STATE, 'kubeconfig'), '--cache-dir', join(STATE, 'kubectl-cache')];
  return run([join(await toolsDir(CLUSTER_GROUPS), 'kubectl'), ...access, ...argv], { timeoutMs });
}

/** Every address at which Plumbline asks a store: those of its pods, and those that the file names. */
export async function addressesOf(store: StoreRows): Promise<string[]> {
  const namespace = store.statefulSet?.namespace ?? store.statefulSets?.namespace ?? '';
  const ips = await kubectl(['-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].status.podIP}']);
  const named = [
    store.primary,
    ...(store.sentinel?.addresses ?? []),
    ...Object.values(store.paths ?? {}).flat(),
  ];
  return [...new Set([...ips.split(' ').filter((ip) => ip !== ''), ...named.map(({ host }) => host)])];
}
