import { killProcesses, processAlive } from '../../host/process-identity.ts';
import {
  containerCgroup,
  cutLink,
  linkState,
  nodeBinDir,
  nodeSpec,
  nodeStatus,
  podProcesses,
  processesBelow,
  stopNode,
} from './nodes/index.ts';
import { freezeCgroup, freezerState } from '../../host/cgroups/freezer.ts';
import type { ProcessId } from '../../host/process-identity.ts';
import type { ClusterSize, InstanceName, PodProcess } from './nodes/index.ts';
import { run, runAny } from '../../host/run.ts';
import { monoMs } from '../../host/clock.ts';
import { lookFor, lookUntil } from '../../host/wait.ts';
import { hitOf } from '../../faults/_common/fault.ts';
import type { Cut, FaultMember, FaultInjector, Landing, Preparation } from '../../faults/_common/fault.ts';
import {
  allDropped,
  cutsIn,
  describeDrops,
  dropRules,
  probeAddresses,
  parseDrops,
} from '../../faults/_common/packet-filter.ts';
import type { Drops } from '../../faults/_common/packet-filter.ts';

/** Polling interval of the processes. It bounds the error of the landing time. */
const LOOK_EVERY_MS = 1;
const DROP_LOOK_MS = 50;
const COMMAND_TIMEOUT_MS = 10_000;

export interface HostInjectorOptions {
  instance: InstanceName;
  size: ClusterSize;
  /** How long the fault may take to be in force, ms. */
  landingMs: number;
  signal: AbortSignal;
}

/** Injects faults into the nodes of the embedded environment, through this machine's processes, cgroups, namespaces and links. */
export class NodeInjector implements FaultInjector {
  readonly #options: HostInjectorOptions;

  constructor(options: HostInjectorOptions) {
    this.#options = options;
  }

  crash(member: FaultMember): Promise<Preparation> {
    const found = this.#processes(member);
    if (found.length === 0) return Promise.resolve({ reason: noProcess(member) });
    return Promise.resolve({
      member,
      found: `processes ${found.map(briefly).join(' ')}`,
      of: { processes: found.map(briefly).join(' ') },
      rollbacks: [], // kubelet starts the containers again
      act: (acted) => this.#kill(member, found, acted),
    });
  }

  freeze(member: FaultMember, container: string): Promise<Preparation> {
    const cgroup = this.#cgroup(member, container);
    const id = member.containers?.[container] ?? '';
    if (cgroup === null)
      return Promise.resolve({
        reason: `the container ${container} of ${member.name} does not run on ${member.node ?? 'any node'}`,
      });
    const processes = processesBelow(cgroup);
    const state = freezerState(cgroup);
    if (state !== 'THAWED' || processes.length === 0) {
      const reason = processes.length === 0 ? 'has no process' : `was ${state} already`;
      return Promise.resolve({ reason: `the container ${container} of ${member.name} ${reason}` });
    }
    return Promise.resolve({
      member,
      found: `cgroup ${cgroup}: processes ${processes.map(briefly).join(' ')}`,
      of: { container: id, processes: processes.map(briefly).join(' ') },
      rollbacks: [{ kind: 'thaw', cgroup }],
      act: async (acted) => {
        const lastBeforeMs = monoMs();
        const { landingMs, signal } = this.#options;
        await freezeCgroup(cgroup, { deadlineMs: landingMs, signal });
        const landedMs = monoMs();
        acted(`frozen: ${cgroup}`);
        const frozen = processesBelow(cgroup);
        if (frozen.length === 0)
          return `the container ${container} of ${member.name} ended before it was frozen`;
        const proof = `the kernel reports FROZEN for the ${frozen.length} processes of ${member.name} in ${cgroup}: ${frozen.map(briefly).join(' ')}`;
        const hit = hitOf(member, { container: id, processes: frozen.map(briefly).join(' ') });
        return { lastBeforeMs, landedMs, by: 'cgroup frozen', proof, hit };
      },
    });
  }

  cut(member: FaultMember, cuts: readonly Cut[], table: string): Promise<Preparation> {
    const anchor = oldest(this.#processes(member));
    if (anchor === undefined) return Promise.resolve({ reason: noProcess(member) });
    const { pid, startTime } = anchor;
    const of = { processes: briefly(anchor) };
    return Promise.resolve({
      member,
      found: cutsIn(cuts),
      of,
      rollbacks: [{ kind: 'packet-filter', pid, startTime, table }],
      act: async (acted) => {
        const lastBeforeMs = monoMs();
        await run([...inNetwork(pid), 'nft', '-f', '-'], {
          timeoutMs: COMMAND_TIMEOUT_MS,
          input: dropRules(table, cuts),
        });
        const landedMs = monoMs();
        acted(`packet filter ${table}`);
        const { drops, probes } = await this.#awaitDrops(pid, table, cuts);
        const seen = `packet filter ${table} in the network namespace of ${member.name} (process ${briefly(anchor)}): ${describeDrops(cuts, drops)}`;
        return allDropped(cuts, drops)
          ? { lastBeforeMs, landedMs, by: 'packets dropped', proof: seen, hit: hitOf(member, of) }
          : `not every packet that ${member.name} sent was dropped within ${this.#options.landingMs} ms; ${seen}; last probes: ${probes.join('; ')}`;
      },
    });
  }

  async loseNode(member: FaultMember): Promise<Preparation> {
    const { instance, size, signal } = this.#options;
    if (member.node === null) return { reason: `${member.name} is on no node` };
    const node = nodeSpec(instance, member.node);
    const { pid1 } = nodeStatus(node);
    if (pid1 === null) return { reason: `the node ${node.name} does not run: it is lost already` };
    if ((await linkState(node)) === 'cut') return { reason: `the link of ${node.name} is cut already` };
    const binDir = nodeBinDir(pid1);
    const of = { processes: briefly(pid1) };
    return {
      member,
      found: `node ${node.name}: PID 1 is ${briefly(pid1)}`,
      of,
      rollbacks: [
        // Rolled back in reverse order: the link must be up before the node starts, or the node would not reach the API server.
        { kind: 'node-start', instance, node: node.name, size, binDir },
        { kind: 'link-up', instance, link: node.link },
      ],
      act: async (acted) => {
        const lastBeforeMs = monoMs();
        await cutLink(node, { signal });
        const landedMs = monoMs();
        if ((await linkState(node)) !== 'cut') return `the link ${node.link} still forwards packets`;
        await stopNode(node);
        const goneMs = monoMs();
        acted(`cut at ${landedMs.toFixed(1)} ms, gone at ${goneMs.toFixed(1)} ms`);
        if (processAlive(pid1)) return `PID 1 of ${node.name} still runs`;
        const proof =
          `the link ${node.link} has forwarded no packet since between ${lastBeforeMs.toFixed(1)} and ${landedMs.toFixed(1)} ms; ` +
          `PID 1 of ${node.name} (${briefly(pid1)}) and all processes in its namespaces have been gone since ${goneMs.toFixed(1)} ms`;
        return {
          lastBeforeMs,
          landedMs,
          by: 'packets dropped, then every process gone',
          proof,
          hit: hitOf(member, of),
        };
      },
    };
  }

  #processes(member: FaultMember): PodProcess[] {
    if (member.node === null) return [];
    return podProcesses({ instance: this.#options.instance, node: member.node, podUid: member.uid });
  }

  #cgroup(member: FaultMember, container: string): string | null {
    const id = member.containers?.[container];
    if (member.node === null || id === undefined) return null;
    return containerCgroup({ instance: this.#options.instance, node: member.node, podUid: member.uid }, id);
  }

  async #kill(
    member: FaultMember,
    found: readonly PodProcess[],
    acted: (did: string) => void,
  ): Promise<Landing | string> {
    const sent = killProcesses(found);
    acted(`${sent.killed.length} processes signalled, ${sent.gone.length} gone before`);
    if (sent.killed.length === 0) return `every process of ${member.name} was gone before it was killed`;
    return this.#awaitGone(member, found);
  }

  /** Waits until the processes are gone, and also those that they started in the same containers in the meantime. */
  async #awaitGone(member: FaultMember, first: readonly PodProcess[]): Promise<Landing | string> {
    const { landingMs } = this.#options;
    const containers = new Set(first.map(({ containerId }) => containerId));
    let processes: readonly PodProcess[] = first;
    let lastBeforeMs = monoMs();
    const look = (): Landing | null => {
      const lookMs = monoMs();
      if (!processes.some(processAlive)) {
        const late = this.#processes(member).filter(
          (one) => containers.has(one.containerId) && processAlive(one),
        );
        if (late.length === 0) return gone(member, processes, { lastBeforeMs, landedMs: monoMs() });
        processes = [...processes, ...late];
        killProcesses(late);
      }
      lastBeforeMs = lookMs;
      return null;
    };
    const landing = await lookFor(look, { deadlineMs: landingMs, intervalMs: LOOK_EVERY_MS });
    return landing ?? `not every process of ${member.name} was gone within ${landingMs} ms`;
  }

  /** Tries to connect through every cut, until the packet filter has counted a drop for each or the time is up. */
  async #awaitDrops(
    pid: number,
    table: string,
    cuts: readonly Cut[],
  ): Promise<{ drops: Drops; probes: string[] }> {
    const look = async (): Promise<{ drops: Drops; probes: string[] }> => {
      const probes = await Promise.all(probeAddresses(cuts).map((at) => probe(pid, at)));
      const listed = await run([...inNetwork(pid), 'nft', '-j', 'list', 'table', 'inet', table], {
        timeoutMs: COMMAND_TIMEOUT_MS,
      });
      return { drops: parseDrops(listed), probes };
    };
    return await lookUntil(look, ({ drops }) => allDropped(cuts, drops), {
      deadlineMs: this.#options.landingMs,
      intervalMs: DROP_LOOK_MS,
    });
  }
}

function gone(
  member: FaultMember,
  processes: readonly PodProcess[],
  { lastBeforeMs, landedMs }: { lastBeforeMs: number; landedMs: number },
): Landing {
  const proof =
    `all ${processes.length} processes of ${member.name} on ${member.node ?? '?'} are gone, the last of them between ` +
    `${lastBeforeMs.toFixed(1)} and ${landedMs.toFixed(1)} ms: ${processes.map(briefly).join(' ')}`;
  const hit = hitOf(member, { processes: processes.map(briefly).join(' ') });
  return { lastBeforeMs, landedMs, by: 'processes gone', proof, hit };
}

function noProcess({ name, node }: FaultMember): string {
  return `${name} has no process on ${node ?? 'any node'}: it was dead already, or runs on another node`;
}

/** The sandbox's process: it lives as long as the pod's network namespace, while containers are restarted. */
function oldest<P extends ProcessId>(processes: readonly P[]): P | undefined {
  return processes.toSorted((a, b) => Number(a.startTime) - Number(b.startTime))[0];
}

/** Tries to connect from the network namespace of a process, for at most 0.3 s. */
async function probe(pid: number, { address, port }: { address: string; port: number }): Promise<string> {
  const script = 'exec 3<> "/dev/tcp/$0/$1"';
  const argv = [...inNetwork(pid), 'timeout', '0.3', 'bash', '-c', script, address, String(port)];
  const { code, stderr } = await runAny(argv, { timeoutMs: COMMAND_TIMEOUT_MS });
  return `${address}:${port} ended with ${code}${stderr === '' ? '' : ` (${stderr.trim().slice(-120)})`}`;
}

function inNetwork(pid: number): string[] {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
}

/** `pid@start time`: unlike the pid alone, this is never used again for another process. */
function briefly({ pid, startTime }: ProcessId): string {
  return `${pid}@${startTime}`;
}
