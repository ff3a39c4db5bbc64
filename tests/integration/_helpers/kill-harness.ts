/**
 * Kills the harness with SIGKILL while it works on the small embedded environment, and looks whether the environment is
 * afterwards as it was before, with nothing left of a fault. Used by kill.itest.ts (a few times) and scripts/kill-series.ts (many times).
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEnvironment } from '../../../suites/catalogue/plan/open.ts';
import { killProcesses } from '../../../host/process-identity.ts';
import { traitsOf } from '../../../env/providers/declared.ts';
import { nodeSpec, nodesOf } from '../../../env/local/nodes/index.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import { run } from '../../../host/run.ts';
import { monoMs } from '../../../host/clock.ts';
import { openCluster } from '../../../probes/kubernetes/index.ts';
import type { KubeCluster } from '../../../probes/kubernetes/index.ts';
import { CHECKOUT } from '../../../host/paths.ts';
import { safetyFolder } from '../../../runner/provider-safety.ts';
import { Journal } from '../../../runner/safety/journal/journal.ts';
import { HolderRecord, sessionMembers } from '../../../runner/safety/lease/processes.ts';
import type { RecordedGroup } from '../../../runner/safety/lease/processes.ts';
import { differences, restlessLines } from '../../../runner/ask/snapshot/snapshot.ts';
import type { Snapshot } from '../../../runner/ask/snapshot/snapshot.ts';
import { takeSnapshot } from '../../../runner/ask/snapshot/take.ts';
import { StoreTargets } from '../../../runner/targets/store-target.ts';
import { faultsLeft, timersLeft } from './faults-left.ts';
import { INSTANCE } from './instance.ts';

/** A drill or a control begins within this; the rest of `npm test` may keep both cores busy. */
const BEGIN_DEADLINE_MS = 120_000;
/** Members rejoin and rollouts end within this, once everything is undone. */
const SAME_AGAIN_DEADLINE_MS = 240_000;
/** A harness whose event loop stands still is killed by its watchdog. */
const END_DEADLINE_MS = 60_000;
/** Loaded into the harness with --import: it spins once the file exists that this variable names. */
const SPIN = { module: join(import.meta.dirname, 'spin.mjs'), variable: 'PLUMBLINE_TEST_SPIN' };
const LOOK_EVERY_MS = 5;
/** Longer than the loop of whatever elects (Patroni's loop_wait is 5 s). */
const REST_MS = 6_000;
const LOOK_AT_FILES_EVERY_MS = 50;

/** Where Patroni keeps what controls of the store change. */
const PATRONI_CONFIG = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  namespace: 'tender',
  name: 'postgres-primary-config',
};

/** What is running when the blow falls; words after `plumbline`. */
export const WORK = {
  cordon: ['controls', '--check', 'topology/nodes/pools/cordoned'],
  route: ['controls', '--check', 'topology/network/reachability/route-dropped'],
  'paused store': ['controls', '--check', 'failover/postgres/pod-delete/never-back'],
  'lossy store': ['controls', '--check', 'failover/postgres/pod-crash/asynchronous'],
  drill: ['drill', 'failover/postgres/pod-delete'],
} as const;
/** A name of WORK, or `STORE/FAULT` for a drill of it, such as `postgres/hang`. */
export type Work = keyof typeof WORK | `${string}/${string}`;
/** `all`: the runner with its loads; `loop`: the runner is not killed, but made to spin. */
export type Victim = 'runner' | 'all' | 'loop';

export interface Plan {
  work: Work;
  victim: Victim;
  /**
   * `pending`: while a rollback is open; `fault`: once a fault is armed, whether it has a rollback or heals by itself; `any`: at some
   * moment after a trial was begun.
   */
  when: 'pending' | 'fault' | 'any';
  /** After that moment, ms. */
  delayMs: number;
  /** Who restores: the next start, or, when nobody starts anything, the timers. */
  next: 'start' | 'timers';
}

export interface Attempt extends Plan {
  /** Rollbacks that were open when the blow fell. */
  open: number;
  /** From the blow to an environment that is as before, ms. */
  restoredMs: number;
  /** Empty when all is as before. */
  problems: string[];
}

/** One environment that is hit again and again. */
export class KillSeries {
  readonly #source: Parameters<typeof takeSnapshot>[0];
  readonly #cluster: KubeCluster;
  readonly #over = new AbortController();
  readonly #folder: string;
  readonly #journal: Journal;
  readonly #out: string;
  /** What `--env` takes: the instance, or the file of an environment that reaches the same cluster otherwise. */
  readonly #env: string;
  readonly #elsewhere: boolean;
  #before: Snapshot = { objects: new Map(), stores: new Map() };

  private constructor(
    source: Parameters<typeof takeSnapshot>[0],
    { cluster, out, env }: { cluster: KubeCluster; out: string; env: string },
  ) {
    const { environment } = source.runState;
    const embedded = traitsOf(environment).instance;
    this.#source = source;
    this.#cluster = cluster;
    this.#env = env;
    this.#elsewhere = embedded === undefined;
    this.#folder = safetyFolder(environment.name, embedded);
    this.#journal = new Journal(this.#folder);
    this.#out = out;
  }

  /**
   * @param out folder for runs and logs
   * @param env name or file of an environment that reaches the small embedded cluster
   * @throws Error when the environment is not up or does not come to rest.
   */
  static async open(kubeconfig: string, out: string, env: string = INSTANCE): Promise<KillSeries> {
    mkdirSync(out, { recursive: true });
    const environment = await openEnvironment(env, { with: 'provisioned', size: 'provisioned' });
    const over = new AbortController();
    const cluster = openCluster({ kubeconfig, signal: over.signal });
    const stores = new StoreTargets(environment, cluster);
    const series = new KillSeries(
      { runState: { environment }, stores, parts: { cluster, signal: over.signal } },
      { cluster, out, env },
    );
    await series.#restore('start');
    series.#before = await series.#atRest();
    return series;
  }

  close(): void {
    this.#over.abort();
    this.#cluster.close();
  }

  /** Lets the work begin, strikes, lets the environment be restored, compares. */
  async attempt(plan: Plan): Promise<Attempt> {
    const problems: string[] = [];
    const label = `${plan.work}-${plan.victim}-${Date.now()}`.replaceAll(/[ /]/g, '-');
    const child = this.#start(this.#wordsOf(plan.work), label);
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const victims = await this.#moment(plan, child, label).catch(async (error: unknown) => {
      // Whatever it does is its own affair now; the next attempt begins when it has ended.
      await ended;
      throw error;
    });
    const open = this.#journal.open().length;
    const groups = this.#groups();
    if (plan.victim === 'loop') writeFileSync(this.#spinFile(label), '');
    else killProcesses(victims);
    const struckMs = monoMs();
    // The timer must not outlive the attempt: a process of tests would wait for it.
    const tooLate = sleep(END_DEADLINE_MS, null, { ref: false });
    if ((await Promise.race([ended.then(() => child.signalCode), tooLate])) !== 'SIGKILL')
      problems.push(`the runner was not killed within ${END_DEADLINE_MS / 1000} s`);
    await ended;
    if (plan.next === 'start') problems.push(...(await this.#restore(label)));
    problems.push(...(await this.#sameAgain()));
    const restoredMs = monoMs() - struckMs;
    // What the timers undid is still open in the journal; nothing may be left to undo.
    if (plan.next === 'timers') problems.push(...(await this.#restore(label)));
    problems.push(...this.#leftovers(groups));
    return { ...plan, open, restoredMs, problems };
  }

  #wordsOf(work: Work): string[] {
    const aside = this.#elsewhere ? ['--yes'] : [];
    if (work.includes('/')) return ['drill', `failover/${work}`, '--env', this.#env, ...aside];
    const words: readonly string[] = WORK[work as keyof typeof WORK];
    return work === 'drill' ? [...words, '--env', this.#env, ...aside] : [...words];
  }

  #start(words: readonly string[], label: string): ChildProcess {
    const log = openSync(join(this.#out, `${label}.log`), 'a');
    const argv = [join(CHECKOUT, 'cli/plumbline.mjs'), ...words, '--out', join(this.#out, 'runs', label)];
    const env = {
      ...process.env,
      NODE_OPTIONS: `--import=${SPIN.module}`,
      [SPIN.variable]: this.#spinFile(label),
    };
    return spawn(process.execPath, argv, { cwd: CHECKOUT, stdio: ['ignore', log, log], detached: true, env });
  }

  #spinFile(label: string): string {
    return join(this.#out, `${label}.spin`);
  }

  /** Waits for the moment and returns whom to kill then. */
  async #moment(plan: Plan, child: ChildProcess, label: string): Promise<ProcessId[]> {
    const until = monoMs() + BEGIN_DEADLINE_MS;
    const folder = join(this.#out, 'runs', label);
    const begun = {
      any: () => isSaid(folder, 'check.ndjson', ''),
      pending: () => this.#journal.open().length > 0,
      fault: () => isSaid(folder, 'faults.ndjson', '"fault-armed"'),
    }[plan.when];
    while (!begun()) {
      if (child.exitCode !== null)
        throw new Error(
          `${plan.work} ended with ${child.exitCode} before there was anything to kill; see ${this.#out}`,
        );
      if (monoMs() > until)
        throw new Error(
          `${plan.work}: nothing to kill within ${BEGIN_DEADLINE_MS / 1000} s; see ${this.#out}`,
        );
      await sleep(plan.when === 'pending' ? LOOK_EVERY_MS : LOOK_AT_FILES_EVERY_MS);
    }
    await sleep(plan.delayMs);
    const found = this.#victims(plan.victim);
    if (found.length === 0)
      throw new Error(`${plan.work}: the ${plan.victim} had gone before it could be killed`);
    return found;
  }

  #victims(victim: Victim): ProcessId[] {
    const runners = new HolderRecord(this.#folder).living();
    if (victim !== 'all' || runners.length === 0) return runners;
    return [...runners, ...this.#groups().flatMap(sessionMembers)];
  }

  #groups(): RecordedGroup[] {
    const file = join(this.#folder, 'children.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RecordedGroup[]) : [];
  }

  /** `plumbline restore`, the shortest next start. Returns what it complains about. */
  async #restore(label: string): Promise<string[]> {
    const argv = [join(CHECKOUT, 'cli/plumbline.mjs'), 'restore', '--env', this.#env];
    const child = spawn(process.execPath, argv, { cwd: CHECKOUT, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    const open = this.#journal.open();
    const complaints =
      code === 0 ? [] : [`restore after ${label} ended with ${code}: ${said.trim().slice(-400)}`];
    return [...complaints, ...open.map(({ title }) => `still open in the journal: ${title}`)];
  }

  /** Compares until nothing differs and nothing of a fault is left, or the time is up. */
  async #sameAgain(): Promise<string[]> {
    const until = monoMs() + SAME_AGAIN_DEADLINE_MS;
    for (;;) {
      const left = await this.#look().then(
        async (now) => [...differences(this.#before, now), ...(await faultsLeft(this.#cluster))],
        (error: unknown) => [`no snapshot: ${String(error)}`],
      );
      if (left.length === 0 || monoMs() > until) return left.slice(0, 5);
      await sleep(500);
    }
  }

  /** A snapshot in which everything is ready and steady, so that a later one can be compared with it. */
  async #atRest(): Promise<Snapshot> {
    const until = monoMs() + SAME_AGAIN_DEADLINE_MS;
    for (;;) {
      const seen = await this.#look();
      const restless = restlessLines(seen);
      if (restless.length === 0 && (await this.#lasts(seen))) return seen;
      if (monoMs() > until)
        throw new Error(`${INSTANCE} does not come to rest: ${restless.join('; ').slice(0, 500)}`);
      await sleep(500);
    }
  }

  /** A store that is steady may not yet have said of a replica that it is the synchronous one: roles settle within Patroni's loop. */
  async #lasts(seen: Snapshot): Promise<boolean> {
    await sleep(REST_MS);
    return differences(seen, await this.#look()).length === 0;
  }

  async #look(): Promise<Snapshot> {
    const seen = await takeSnapshot(this.#source);
    const patroni = await this.#cluster.get(PATRONI_CONFIG);
    const config = patroni?.metadata.annotations?.['config'] ?? 'none';
    for (const [kind, name, value] of [
      ...(await routesOfNodes()),
      ['configuration', 'Patroni', config] as const,
    ])
      seen.objects.set(`${kind} ${name}`, { kind, name, declared: JSON.stringify({ value }) });
    return seen;
  }

  /** Nothing of the killed harness may run on, and nobody holds the environment. */
  #leftovers(groups: readonly RecordedGroup[]): string[] {
    const running = groups
      .filter((group) => sessionMembers(group).length > 0)
      .map(({ name }) => `${name} still runs`);
    const holders = new HolderRecord(this.#folder)
      .living()
      .map(({ pid }) => `process ${pid} still holds the environment`);
    return [...running, ...holders, ...timersLeft(this.#folder)];
  }
}

/** Whether a history of this name below the folder says it: of a fault, before anything is done. */
function isSaid(folder: string, name: string, text: string): boolean {
  if (!existsSync(folder)) return false;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.some(
    (file) => basename(file) === name && readFileSync(join(folder, file), 'utf8').includes(text),
  );
}

/** Routes of every node: what controls change there. */
async function routesOfNodes(): Promise<[string, string, string][]> {
  const nodes = nodesOf(INSTANCE, 'small').map(({ name }) => nodeSpec(INSTANCE, name));
  return Promise.all(
    nodes.map(async ({ name, netns }): Promise<[string, string, string]> => {
      const routes = await run(['ip', '-n', netns, 'route', 'show', 'dev', 'eth0'], { timeoutMs: 5_000 });
      return [
        'routes',
        name,
        routes
          .trim()
          .split('\n')
          .map((line) => line.trim())
          .sort()
          .join('; '),
      ];
    }),
  );
}
