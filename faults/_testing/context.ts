/** A fault's context for tests, with an injector that does nothing and remembers what it was asked. */
import { hitOf } from '../_common/fault.ts';
import type {
  Cut,
  FaultContext,
  FaultInjector,
  FaultMember,
  Preparation,
  Prepared,
} from '../_common/fault.ts';

export const members: FaultMember[] = ['pg-0', 'pg-1', 'pg-2'].map((name, at) => ({
  name,
  uid: `uid-${name}`,
  node: `worker-${at + 1}`,
  ip: `198.19.74.${at + 10}`,
}));
export type Written = { kind: string } & Record<string, unknown>;

/** Records which faults it prepares and carries out. */
export class Recorder implements FaultInjector {
  readonly done: string[] = [];
  cuts: readonly Cut[] = [];
  readonly #outcome: (member: FaultMember) => Awaited<ReturnType<Prepared['act']>>;
  readonly #reason: string | undefined;

  constructor(reason?: string, outcome?: (member: FaultMember) => string) {
    this.#reason = reason;
    this.#outcome =
      outcome ??
      ((member) => ({
        lastBeforeMs: 1,
        landedMs: 2,
        by: 'processes gone',
        proof: `${member.name} is gone`,
        hit: hitOf(member),
      }));
  }

  #prepare(what: string, member: FaultMember): Promise<Preparation> {
    if (this.#reason !== undefined) return Promise.resolve({ reason: this.#reason });
    return Promise.resolve({
      member,
      found: what,
      rollbacks: [{ kind: 'thaw', cgroup: `/${member.name}` }],
      act: (acted) => {
        this.done.push(`${what} ${member.name}`);
        acted(what);
        return Promise.resolve(this.#outcome(member));
      },
    });
  }

  crash = (member: FaultMember): Promise<Preparation> => this.#prepare('crash', member);
  freeze = (member: FaultMember, container: string): Promise<Preparation> =>
    this.#prepare(`freeze ${container} of`, member);
  cut = (member: FaultMember, cuts: readonly Cut[]): Promise<Preparation> => {
    this.cuts = cuts;
    return this.#prepare('cut', member);
  };
  loseNode = (member: FaultMember): Promise<Preparation> => this.#prepare('lose the node of', member);
}

interface Harness {
  ctx: FaultContext;
  injector: Recorder;
  written: Written[];
  performed: { title: string; rollbacks: unknown[] }[];
}

export function context(over: Partial<FaultContext> = {}, injector = new Recorder()): Harness {
  const written: Written[] = [];
  const performed: { title: string; rollbacks: unknown[] }[] = [];
  const ctx: FaultContext = {
    check: 'failover/postgres/pod-delete',
    store: 'postgres',
    target: 'leader',
    namespace: 'tender',
    container: 'postgres',
    leader: 'pg-1',
    members,
    also: [],
    injector,
    switchover: null,
    kube: () => Promise.resolve({ status: 404, body: {} }),
    perform: async (mutation) => {
      performed.push(mutation);
      await mutation.act();
    },
    calm: () => Promise.resolve(null),
    restore: () => Promise.resolve(),
    write: (observation) => written.push(observation),
    timeoutMs: () => 300,
    signal: new AbortController().signal,
    ...over,
  };
  return { ctx, injector, written, performed };
}
