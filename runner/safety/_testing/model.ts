/**
 * For unit tests only: a cluster, two machines from which it is changed, the timers that both leave behind, and whether everything is as
 * before once all of it is restored. The code is the real one, the API server a `TestApi`, the processes a `Simulation`.
 */
import { existsSync, mkdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import timers from 'node:timers/promises';
import { restoreEnvironment, openSafety } from '../index.ts';
import type { RestoreOptions, Safety } from '../index.ts';
import { Journal } from '../journal/journal.ts';
import { mirrorPath } from '../journal/mirror.ts';
import { safetyFolder } from '../lease/place.ts';
import { Ages, LeaseWatch, lookOnce } from '../timers/cluster-timer.ts';
import { runHostTimer } from '../timers/host-timer.ts';
import { UNDOES_IN } from '../timers/undo-account.ts';
import type { KubeReply, KubeRequest } from '../types.ts';
import { TestApi } from './api.ts';
import { Simulation } from './simulation.ts';
import type { Ended, SimulatedProcess } from './simulation.ts';

export const MACHINES = ['a', 'b'] as const;
export type Machine = (typeof MACHINES)[number];
export const ACTIONS = [
  'change',
  'add',
  'make',
  'unmake',
  'remove',
  'power',
  'roll back',
  'release',
] as const;

/** When the process that takes a step is killed: at which of its next requests, commands and lines of the journal. */
export type Crash = {
  readonly after: number;
  /** The request arrives; its answer does not. */
  readonly arrives: boolean;
  /** How much is on the disk of what was written to the journal last; where it arrives, all of it. */
  readonly written: number;
};

export type Step =
  | {
      readonly do: (typeof ACTIONS)[number] | 'restore';
      readonly at: Machine;
      /** To the first or the second object. */
      readonly to: 0 | 1;
      readonly value: '1' | '2';
      readonly crash: Crash | null;
    }
  | { readonly do: 'wait'; readonly seconds: number }
  /** The API server stops, or answers again. */
  | { readonly do: 'api' };

export type Sequence = {
  readonly steps: readonly Step[];
  /** The machine that never comes back. */
  readonly gone: Machine | null;
  /** The one that restores first. */
  readonly first: Machine;
};

const NAMESPACE = 'plumbline-system';
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const MAPS = '/api/v1/namespaces/tender/configmaps';
const NODE = 'worker-1';
const FOREIGN = ['one', 'two'] as const;
const CANARIES = ['canary-1', 'canary-2'] as const;
/** Restores until all is undone: each machine's own, and what the other one has left and had time to undo. */
const ROUNDS = 4;

type Run = { readonly process: SimulatedProcess; readonly safety: Safety };
type Armed = { crash: Crash; left: number; bytes: number };

export class Model {
  readonly simulation = new Simulation({
    daemon: (argv) => this.#hostTimer(argv),
    command: (argv) => this.#power(argv),
  });
  /** What the sequences have met, so that a test of nothing is noticed. */
  readonly met = { changes: 0, crashes: 0, torn: 0, undoneByTimers: 0, takenOver: 0 };
  readonly #folder: string;
  #api = new TestApi();
  #isOn = true;
  #before = '';
  readonly #runs = new Map<Machine, Run>();
  readonly #armed = new Map<SimulatedProcess, Armed>();
  readonly #looked = new Set<string>();

  /** @param folder for the state of both machines */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns what is not as before once all of it is restored */
  async run({ steps, gone, first }: Sequence): Promise<string[]> {
    this.#begin();
    try {
      for (const step of steps) await this.#take(step);
      this.#api.down = false;
      for (const machine of MACHINES)
        for (const process of this.simulation.on(machine))
          if (machine === gone || process === this.#runs.get(machine)?.process) this.simulation.kill(process);
      const others = MACHINES.filter((one) => one !== first);
      return await this.#end([first, ...others].filter((one) => one !== gone));
    } finally {
      for (const machine of [...MACHINES, 'cluster'])
        this.simulation.on(machine).forEach((one) => this.simulation.kill(one));
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  #begin(): void {
    for (const machine of MACHINES) mkdirSync(join(this.#folder, machine), { recursive: true });
    this.#api = new TestApi();
    this.#isOn = true;
    this.#runs.clear();
    this.#armed.clear();
    this.#looked.clear();
    this.#api.put(`/api/v1/nodes/${NODE}`, { spec: {} });
    for (const name of FOREIGN)
      this.#api.put(`${MAPS}/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', data: { set: '0' } });
    this.#before = this.#state();
  }

  #state(): string {
    const data = [...this.#api.objects]
      .filter(([path]) => path.startsWith(MAPS))
      .map(([path, object]) => [path, object['data']] as const)
      .toSorted(([a], [b]) => a.localeCompare(b));
    return JSON.stringify([data, this.#isOn]);
  }

  async #take(step: Step): Promise<void> {
    if (step.do === 'wait') {
      const left = this.#state();
      await this.simulation.pass(step.seconds * 1000);
      if (left !== this.#state()) this.met.undoneByTimers++;
      return undefined;
    }
    if (step.do === 'api') {
      this.#api.down = !this.#api.down;
      return undefined;
    }
    const { do: action, at, crash } = step;
    if (action === 'restore') {
      await this.#restore(at, crash);
      return undefined;
    }
    const run = await this.#runOf(at, crash);
    if (run === null) return undefined;
    const ended = await this.#in(at, run.process, () => this.#act(run.safety, action, step));
    if (ended !== 'died' && 'value' in ended) this.met.changes++;
    if (action === 'release') this.simulation.kill(run.process);
    return undefined;
  }

  /** A run on the machine, which is started where there is none; null: it was refused, or killed. */
  async #runOf(at: Machine, crash: Crash | null): Promise<Run | null> {
    const before = this.#runs.get(at);
    if (before?.process.alive === true) {
      this.#arm(before.process, at, crash);
      return before;
    }
    const process = this.simulation.start(at);
    this.#arm(process, at, crash);
    const opened = await this.#in(at, process, () => openSafety(this.#options()));
    if (opened === 'died' || 'error' in opened) {
      this.simulation.kill(process);
      return null;
    }
    const run = { process, safety: opened.value };
    this.#runs.set(at, run);
    return run;
  }

  /** Null: it has ended as it should. */
  async #restore(at: Machine, crash: Crash | null): Promise<string | null> {
    // One run at a time on a machine, which its own record says: the process here would be refused.
    const process = this.simulation.start(at);
    this.#arm(process, at, crash);
    const ended = await this.#in(at, process, () => restoreEnvironment(this.#options()));
    this.simulation.kill(process);
    if (ended === 'died') return 'killed';
    if ('error' in ended) return String(ended.error);
    this.met.takenOver += ended.value.undone.filter((line) => line.includes('switched off by')).length;
    return ended.value.failed.length === 0 ? null : ended.value.failed.join('; ');
  }

  async #end(machines: readonly Machine[]): Promise<string[]> {
    const said: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const machine of machines) {
        const why = await this.#restore(machine, null);
        if (why !== null) said.push(`restore on ${machine}: ${why}`);
      }
      if (this.#violations(machines).length === 0 && this.#mirrored() === '[]') return [];
      await this.simulation.pass(60_000);
    }
    const violations = this.#violations(machines);
    // Killed after a change was listed and before a Job was there, so before the change, a machine that never comes back leaves the list to a person.
    const isSaid = machines.length === 1 && said.at(-1)?.includes('undo the rest by hand') === true;
    if (violations.length === 0 && isSaid) return [];
    return [...violations, `the mirror lists ${this.#mirrored()}`, ...said];
  }

  #violations(machines: readonly Machine[]): string[] {
    const state = this.#state();
    return [
      ...(state === this.#before ? [] : [`objects are ${state}, not ${this.#before}`]),
      ...machines.flatMap((machine) => {
        const journal = new Journal(this.#journalOf(machine));
        return [
          ...journal.open().map(({ title }) => title),
          ...journal.damaged().map(({ text }) => text),
        ].map((what) => `open on ${machine}: ${what}`);
      }),
    ];
  }

  #mirrored(): string {
    const data = this.#api.objects.get(mirrorPath(NAMESPACE))?.['data'];
    return (data as { entries?: string } | undefined)?.entries ?? '[]';
  }

  #act(
    safety: Safety,
    action: (typeof ACTIONS)[number],
    { to, value }: { readonly to: 0 | 1; readonly value: string },
  ): Promise<unknown> {
    const name = FOREIGN[to];
    const of = (one: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tender', name: one });
    // Two checks that change the same object would have one lock.
    const check = `check of ${name}`;
    const control = { access: 'control' } as const;
    switch (action) {
      case 'change':
        return safety.patch(check, of(name), { data: { set: value } }, control);
      case 'add':
        return safety.patch(check, of(name), { data: { added: value } }, control);
      case 'make': {
        const metadata = { name: CANARIES[to], namespace: 'tender' };
        return safety.apply(check, [{ apiVersion: 'v1', kind: 'ConfigMap', metadata }]);
      }
      case 'unmake':
        return safety.remove(check, [of(CANARIES[to])]);
      case 'remove':
        // What a check has changed it puts back before it removes it: what is created again is what was removed.
        return safety.restore({ check }).then(() => safety.remove(check, [of(name)], control));
      case 'power':
        return safety.perform({
          check: 'node-loss',
          title: `${NODE} switched off`,
          access: 'fault',
          rollbacks: [{ kind: 'node-power', node: NODE, commands: powerOn() }],
          act: async () => {
            await this.#power(['power', 'off']);
          },
        });
      case 'roll back':
        return safety.restore({ check });
      case 'release':
        return safety.close();
    }
  }

  #options(): RestoreOptions {
    return {
      environment: 'model',
      clusterUid: 'cluster',
      kube: (request) => this.#step(() => this.#answer(request)),
      runId: `run-${this.simulation.running?.pid ?? 0}`,
      undoImage: 'image-with-node',
      restoreDeadlineMs: 60_000,
      notice: () => undefined,
      powerOn,
    };
  }

  /** As a command on the machine. */
  #in<T>(machine: Machine, process: SimulatedProcess, body: () => Promise<T>): Promise<Ended<T>> {
    this.#journalOf(machine);
    return this.simulation.run(process, body);
  }

  /** The folder of the machine's journal, which is found by the variable that it sets. */
  #journalOf(machine: Machine): string {
    process.env['XDG_STATE_HOME'] = join(this.#folder, machine);
    return safetyFolder('model', undefined);
  }

  #arm(of: SimulatedProcess, at: Machine, crash: Crash | null): void {
    if (crash === null) this.#armed.delete(of);
    else
      this.#armed.set(of, {
        crash,
        left: crash.after,
        bytes: sizeOf(join(this.#journalOf(at), 'journal.ndjson')),
      });
  }

  /** Something that a process asks for. It is never answered once that was killed. */
  async #step<T>(ask: () => Promise<T>): Promise<T> {
    const { running } = this.simulation;
    const armed = running === undefined ? undefined : this.#armed.get(running);
    if (running?.alive === false) return never();
    if (running === undefined || armed === undefined) return ask();
    const file = join(this.#folder, running.machine, 'plumbline/model/journal/journal.ndjson');
    if (armed.left-- > 0) {
      armed.bytes = sizeOf(file);
      return ask();
    }
    this.met.crashes++;
    if (armed.crash.arrives) await ask();
    // What another process of this machine may have written is not cut off.
    else if (this.simulation.on(running.machine).length === 1) this.#cut(file, armed);
    this.simulation.kill(running);
    return never();
  }

  #cut(file: string, { crash, bytes }: Armed): void {
    const grown = sizeOf(file) - bytes;
    if (grown <= 0) return;
    this.met.torn++;
    truncateSync(file, bytes + Math.floor(grown * crash.written));
  }

  #answer(request: KubeRequest): Promise<KubeReply> {
    const { path } = request;
    if (this.#api.down) return this.#api.call(request);
    if (path.startsWith(JOBS)) return this.#answerOfJobs(request, path.replace(/\?.*/, ''));
    return path.includes('/serviceaccounts/')
      ? Promise.resolve({ status: 200, body: { metadata: { annotations: { [UNDOES_IN]: 'tender' } } } })
      : this.#api.call(request);
  }

  async #answerOfJobs(request: KubeRequest, path: string): Promise<KubeReply> {
    if (path === JOBS && request.method === 'DELETE') {
      for (const job of this.simulation.on('cluster')) this.simulation.kill(job);
      for (const one of this.#api.objects.keys()) if (one.startsWith(JOBS)) this.#api.objects.delete(one);
    }
    const reply = await this.#api.call(request);
    if (reply.status === 201) this.#startJob(`${JOBS}/${nameIn(reply.body)}`);
    if (path === JOBS || reply.status !== 200) return reply;
    return { status: 200, body: { status: { ready: this.#looked.has(path) ? 1 : 0 } } };
  }

  /** As the undo Job looks, until nobody holds the environment and nothing is left to undo. */
  #startJob(path: string): void {
    const state = { watch: new LeaseWatch(), ages: new Ages() };
    this.simulation.spawn('cluster', async () => {
      for (let inVain = 0; ;) {
        const came = await lookOnce(
          (request) => this.#step(() => this.#answer(request)),
          NAMESPACE,
          state,
        ).catch(() => null);
        if (came !== null) this.#looked.add(path);
        if (came === 'over') break;
        inVain = came === 'go on' ? 0 : inVain + 1;
        await timers.setTimeout(Math.min(2_000 * 2 ** Math.min(inVain, 10), 60_000));
      }
      this.#api.objects.delete(path);
    });
  }

  async #hostTimer(argv: readonly string[]): Promise<void> {
    await runHostTimer(argv.at(-1) ?? '', undefined);
  }

  #power([, order]: readonly string[]): Promise<string> {
    return this.#step(() => {
      if (order !== 'state') this.#isOn = order === 'on';
      return Promise.resolve(this.#isOn ? 'on' : 'off');
    });
  }
}

/** How both machines switch the node on. */
function powerOn() {
  return { on: ['power', 'on'], state: ['power', 'state'], isOn: 'on', isOff: 'off', timeoutMs: 5_000 };
}

function nameIn(body: unknown): string {
  return (body as { metadata: { name: string } }).metadata.name;
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
