import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import type {
  Cut,
  FaultContext,
  FaultMember,
  FaultInjector,
  Landing,
  Preparation,
} from '../_common/fault.ts';
import {
  allDropped,
  cutsIn,
  describeDrops,
  dropRules,
  probeAddresses,
  parseDrops,
} from '../_common/packet-filter.ts';
import type { Drops } from '../_common/packet-filter.ts';
import { hitOf } from '../_common/fault.ts';
import { AGENT_CONTAINER, agentCommand, agentPod, ENTRY_ANNOTATION } from './agent-pod.ts';
import { loseNode, providerIdIn, type PowerCommands } from './power.ts';

/** Of every container runtime; the agent looks for it in the names of cgroups, where a shorter text could name many. */
const CONTAINER_ID = /^[0-9a-f]{64}$/;
const LOOK_EVERY_MS = 250;
const DROP_LOOK_MS = 100;
/** Phases in which a pod runs, or has ended and will not run any more. */
const AS_FAR_AS_IT_GOES: readonly string[] = ['Running', 'Failed', 'Succeeded'];
/** The agent's exit code for "nothing to act on". */
const NOTHING = 3;

export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface PodInjectorOptions {
  namespace: string;
  image: string;
  /** After this the pod undoes without being asked, s. */
  activeSeconds: number;
  /** How long the cause itself (processes gone, cgroup frozen) may take, ms. */
  landingMs: number;
  /** How long the pod may take until it runs, ms. */
  readyMs: number;
  exec(pod: { namespace: string; pod: string; container: string }, command: string[]): Promise<ExecResult>;
  /** Commands that switch a node's power; null: the environment declares none. */
  power: PowerCommands | null;
}

export type Shared = Pick<FaultContext, 'check' | 'perform' | 'kube' | 'timeoutMs' | 'signal'>;

/**
 * Acts on a node through a privileged pod on it, created through the guard. Ending the pod makes it undo what it did, and that is the
 * rollback in the rollback journal. If nobody ends the pod, it undoes by itself at its deadline.
 */
export class PodInjector implements FaultInjector {
  readonly #options: PodInjectorOptions;
  readonly #shared: Shared;
  /** Node → name of the pod on it. */
  readonly #pods = new Map<string, string>();

  constructor(options: PodInjectorOptions, shared: Shared) {
    this.#options = options;
    this.#shared = shared;
  }

  async crash(member: FaultMember): Promise<Preparation> {
    const looked = await this.#ask(member, ['look', member.uid]);
    if ('reason' in looked) return looked;
    const { landingMs } = this.#options;
    return {
      member,
      found: `processes ${processesIn(looked.said)
        .map(({ id }) => id)
        .join(' ')}`,
      of: { processes: namesIn(looked.said) },
      rollbacks: [], // kubelet starts the containers again
      act: async (acted) => {
        const lastBeforeMs = monoMs();
        const killed = await this.#ask(member, ['kill', member.uid, String(Math.ceil(landingMs / 1000))]);
        acted('done by the agent');
        return landingOf(killed, {
          lastBeforeMs,
          by: 'processes gone',
          what: `processes of ${member.name}`,
          hit: (said) => hitOf(member, { processes: namesIn(said) }),
        });
      },
    };
  }

  async freeze(member: FaultMember, container: string): Promise<Preparation> {
    const id = (member.containers?.[container] ?? '').replace(/^[a-z-]+:\/\//, '');
    if (id === '') return { reason: `the container ${container} of ${member.name} does not run` };
    if (!CONTAINER_ID.test(id))
      return {
        reason: `the container ${container} of ${member.name} has the id "${id}", which is none of a container`,
      };
    const looked = await this.#ask(member, ['frozen', id]);
    if ('reason' in looked) return looked;
    if (!looked.said.startsWith('THAWED'))
      return { reason: `the container ${container} of ${member.name} was frozen already: ${looked.said}` };
    return {
      member,
      found: `freezer: ${looked.said.trim()}`,
      of: { container: id },
      rollbacks: [], // recorded by the pod on the node, and run when it ends
      act: async (acted) => {
        const lastBeforeMs = monoMs();
        const seconds = String(Math.ceil(this.#options.landingMs / 1000));
        const frozen = await this.#ask(member, ['freeze', id, seconds]);
        acted('done by the agent');
        return landingOf(frozen, {
          lastBeforeMs,
          by: 'cgroup frozen',
          what: `state, processes, freezer of ${member.name}`,
          hit: () => hitOf(member, { container: id }),
        });
      },
    };
  }

  async cut(member: FaultMember, cuts: readonly Cut[], table: string): Promise<Preparation> {
    const looked = await this.#ask(member, ['look', member.uid]);
    if ('reason' in looked) return looked;
    // The oldest process is the sandbox's own: it lives as long as the pod's network namespace.
    const [anchor] = processesIn(looked.said).toSorted((a, b) => a.start - b.start);
    if (anchor === undefined)
      return { reason: `${member.name} has no process through which its network namespace can be entered` };
    const pid = String(anchor.pid);
    return {
      member,
      found: cutsIn(cuts),
      of: { processes: anchor.id },
      rollbacks: [],
      act: async (acted) => {
        const lastBeforeMs = monoMs();
        const rules = dropRules(table, cuts);
        const done = await this.#ask(member, ['cut', pid, String(anchor.start), table, rules]);
        const landedMs = monoMs();
        if ('reason' in done) return done.reason;
        acted(`packet filter ${table}`);
        const drops = await this.#awaitDrops(member, pid, { table, cuts });
        const proof = `packet filter ${table} in the network namespace of ${member.name} (process ${anchor.id}): ${describeDrops(cuts, drops)}`;
        return allDropped(cuts, drops)
          ? {
              lastBeforeMs,
              landedMs,
              by: 'packets dropped',
              proof,
              hit: hitOf(member, { processes: anchor.id }),
            }
          : `not every packet that ${member.name} sent was dropped; ${proof}`;
      },
    };
  }

  loseNode(member: FaultMember): Promise<Preparation> {
    const { power } = this.#options;
    if (power === null)
      return Promise.resolve({
        reason: 'cluster.power declares no commands that switch a node off and on',
      });
    return loseNode(member, power, {
      signal: this.#shared.signal,
      providerIdOf: async (node) => {
        const { status, body } = await this.#kube('GET', `/api/v1/nodes/${node}`);
        return status === 200
          ? providerIdIn(body)
          : {
              reason: `cluster.power names machines by the provider's id, but the API server answered ${status} for the Node ${node}; expected 200 and its spec.providerID: does the account have the right to get nodes (deploy/rbac.yaml), and does the Node exist?`,
            };
      },
    });
  }

  async #awaitDrops(
    member: FaultMember,
    pid: string,
    { table, cuts }: { table: string; cuts: readonly Cut[] },
  ): Promise<Drops> {
    const probes = probeAddresses(cuts).flatMap(({ address, port }) => [address, String(port)]);
    const look = async (): Promise<Drops> => {
      await this.#exec(member, ['probe', pid, ...probes]);
      const listed = await this.#exec(member, ['inside', pid, 'nft', '-j', 'list', 'table', 'inet', table]);
      return listed.code === 0 ? parseDrops(listed.stdout) : new Map();
    };
    return await lookUntil(look, (drops) => allDropped(cuts, drops), {
      deadlineMs: this.#options.landingMs,
      intervalMs: DROP_LOOK_MS,
      signal: this.#shared.signal,
    });
  }

  /** Runs the agent on the member's node. `reason`: there was nothing to act on. @throws Error with the agent's output when it failed */
  async #ask(member: FaultMember, words: string[]): Promise<{ said: string } | { reason: string }> {
    if (member.node === null) return { reason: `${member.name} is on no node` };
    const { code, stdout, stderr } = await this.#exec(member, words);
    const said = stdout.trim();
    if (code === 0) return { said };
    if (code === NOTHING) return { reason: `${member.name} on ${member.node}: ${said}` };
    throw new Error(
      `${words[0] ?? ''} of ${member.name}, run on its node ${member.node}, failed with exit ${code}: ${`${said} ${stderr}`.trim().slice(0, 500)}`,
    );
  }

  async #exec(member: FaultMember, words: string[]): Promise<ExecResult> {
    const pod = await this.#podOn(member.node ?? '');
    const { namespace } = this.#options;
    return this.#options.exec({ namespace, pod, container: AGENT_CONTAINER }, agentCommand(words));
  }

  async #podOn(node: string): Promise<string> {
    const known = this.#pods.get(node);
    if (known !== undefined) return known;
    const { namespace, image, activeSeconds } = this.#options;
    const { check, perform } = this.#shared;
    const marker = randomUUID();
    const name = `plumbline-injector-${marker.slice(0, 8)}`;
    const path = `/api/v1/namespaces/${namespace}/pods`;
    await perform({
      check,
      title: `privileged pod ${namespace}/${name} on ${node}, which undoes what it did when it ends`,
      access: 'fault',
      fault: 'injector',
      rollbacks: [{ kind: 'kube-end', path: `${path}/${name}`, marker }],
      act: async () => {
        const body = agentPod({
          name,
          namespace,
          node,
          image,
          activeSeconds,
          check,
          annotations: { [ENTRY_ANNOTATION]: marker },
        });
        const reply = await this.#kube('POST', path, body);
        if (reply.status !== 201 && reply.status !== 409)
          throw new Error(
            `the privileged pod cannot be created in ${namespace}: ${reply.status} ${JSON.stringify(reply.body).slice(0, 300)}; the cluster's owners create the namespace and grant the rights (deploy/)`,
          );
      },
    });
    await this.#awaitRunning(`${path}/${name}`);
    this.#pods.set(node, name);
    return name;
  }

  async #awaitRunning(path: string): Promise<void> {
    const { phase, why, isStarted } = await lookUntil(
      async () => seenIn((await this.#kube('GET', path)).body),
      (seen) => seen.phase !== undefined && AS_FAR_AS_IT_GOES.includes(seen.phase),
      { deadlineMs: this.#options.readyMs, intervalMs: LOOK_EVERY_MS, signal: this.#shared.signal },
    );
    if (phase === 'Running') return;
    if (phase === 'Failed')
      throw new Error(`${path} ${isStarted ? 'failed' : 'was refused by the kubelet'}: ${why}`);
    const seen = `${phase ?? 'no phase'} ${why}`;
    throw new Error(`waited up to ${this.#options.readyMs / 1000} s for ${path} to run; last seen: ${seen}`);
  }

  #kube(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const timeoutMs = this.#shared.timeoutMs('apiRequest');
    return this.#shared.kube({ method, path, body, timeoutMs });
  }
}

/** Characters of what a pod waits for, or why it has failed. */
const WHY_CHARS = 300;

/** The phase of a pod, and why: the state of the agent's own container, and the pod's reason, which is all where kubelet starts no container. */
function seenIn(body: unknown): { phase: string | undefined; why: string; isStarted: boolean } {
  const { phase, reason, message, containerStatuses = [] } = podSeen.safeParse(body).data?.status ?? {};
  const state = containerStatuses.find(({ name }) => name === AGENT_CONTAINER)?.state;
  const parts = [reason, message, state === undefined ? undefined : JSON.stringify(state)];
  const why = parts.filter((part) => part !== undefined).join(': ') || 'no reason given';
  return { phase, why: why.slice(0, WHY_CHARS), isStarted: containerStatuses.length > 0 };
}

const podSeen = z.object({
  status: z.object({
    phase: z.string().optional(),
    reason: z.string().optional(),
    message: z.string().optional(),
    containerStatuses: z.array(z.object({ name: z.string(), state: z.unknown() })).optional(),
  }),
});

function landingOf(
  answer: { said: string } | { reason: string },
  of: Pick<Landing, 'lastBeforeMs' | 'by'> & { what: string; hit: (said: string) => Landing['hit'] },
): Landing | string {
  if ('reason' in answer) return answer.reason;
  const { lastBeforeMs, by, what, hit } = of;
  const proof = `${what}: ${answer.said}`;
  return { lastBeforeMs, landedMs: monoMs(), by, proof, hit: hit(answer.said) };
}

/** Processes that the agent names, wherever it does. */
const namesIn = (said: string): string => (said.match(/\b\d+@\d+\b/g) ?? []).join(' ');

/** Reads the output of `look`: one `number@start container` a line. */
export function processesIn(said: string): { id: string; pid: number; start: number }[] {
  return said.split('\n').flatMap((line) => {
    const found = /^(?<pid>\d+)@(?<start>\d+) /.exec(line);
    if (found?.groups === undefined) return [];
    const { pid = '', start = '' } = found.groups;
    return [{ id: `${pid}@${start}`, pid: Number(pid), start: Number(start) }];
  });
}
