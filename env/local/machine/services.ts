import { join } from 'node:path';
import type { InstanceName, NodeSpec } from '../nodes/addressing.ts';
import { addressesOf } from '../nodes/addressing.ts';
import { nodeStatus } from '../nodes/node.ts';
import { runAny } from '../../../host/run.ts';
import { waitFor } from '../../../host/wait.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/**
 * Checks from the nodes whether Services work. Ready nodes and ready pods do not prove it: if kube-proxy has lost its rules, everything
 * stays ready although every Service is dead.
 */

const API_PORT = 443;
const DNS_PORT = 53;
/** Longest run of the probe: one connection, and three DNS queries without an answer. */
const PROBE_DEADLINE_MS = 15_000;
const LOOK_EVERY_MS = 500;
/** Is run in the network namespace of a node. */
const PROBE = join(import.meta.dirname, 'services-probe.ts');

/** Addresses of the two Services that every cluster has. */
export type ServicePlaces = {
  readonly api: string;
  readonly apiPort: number;
  readonly dns: string;
  readonly dnsPort: number;
};

/** The API server's Service has the first address of the Services' range. */
export function servicePlaces(instance: InstanceName): ServicePlaces {
  const { serviceCidr, dnsService } = addressesOf(instance);
  const api = serviceCidr.replace(/\.0\/\d+$/, '.1');
  return { api, apiPort: API_PORT, dns: dnsService, dnsPort: DNS_PORT };
}

/** Services are known to be dead. If it is unknown whether they answer, another error is thrown. */
export class ServicesDeadError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServicesDeadError';
  }
}

/** Result of one attempt. `unknown`: the attempt failed for the reason in `detail`, which says nothing about the Services. */
export type Look = { state: 'answer' } | { state: 'dead' | 'unknown'; detail: string };

/** Checks Services from one node; replaced in tests. */
export type Asking = (node: NodeSpec, places: ServicePlaces, signal?: AbortSignal) => Promise<Look>;

/** One sentence for each running node from which Services do not answer or could not be checked. Changes nothing. */
export async function serviceTrouble(
  instance: InstanceName,
  nodes: readonly NodeSpec[],
  signal?: AbortSignal,
): Promise<string[]> {
  const running = nodes.filter((node) => nodeStatus(node).running);
  const looks = await lookFrom(instance, running, { signal });
  return looks.flatMap(({ node, look }) => sentenceOf(node, look));
}

function sentenceOf(node: string, look: Look): string[] {
  if (look.state === 'answer') return [];
  return [
    look.state === 'dead' ? `from ${node}, ${look.detail}` : `${node} could not be checked: ${look.detail}`,
  ];
}

type Looked = { node: string; look: Look };

function lookFrom(
  instance: InstanceName,
  nodes: readonly NodeSpec[],
  { ask = askNode, signal }: { ask?: Asking | undefined; signal?: AbortSignal | undefined },
): Promise<Looked[]> {
  const places = servicePlaces(instance);
  return Promise.all(
    nodes.map(async (node) => {
      const look = await ask(node, places, signal).catch((error: unknown): Look => {
        signal?.throwIfAborted();
        return { state: 'unknown', detail: errorText(error) };
      });
      return { node: node.name, look };
    }),
  );
}

/**
 * Waits until Services answer on every node.
 * @throws ServicesDeadError if one node found them dead at every attempt; DeadlineError if that is not certain because some attempts
 * failed or Services answered in between
 */
export async function waitServices(
  instance: InstanceName,
  nodes: readonly NodeSpec[],
  wait: { deadlineMs: number; signal?: AbortSignal | undefined; ask?: Asking },
): Promise<void> {
  let alwaysDead: Set<string> | null = null;
  const look = async (): Promise<true> => {
    const looks = await lookFrom(instance, nodes, wait);
    const dead = looks.filter((one) => one.look.state === 'dead').map(({ node }) => node);
    const before: Set<string> | null = alwaysDead;
    alwaysDead = new Set(dead.filter((node) => before?.has(node) ?? true));
    const trouble = looks.flatMap((one) => sentenceOf(one.node, one.look));
    if (trouble.length > 0) throw new Error(trouble.join('; '));
    return true;
  };
  try {
    await waitFor(look, {
      ...wait,
      what: `Services of ${instance} to answer on every node`,
      intervalMs: LOOK_EVERY_MS,
      next: 'inspect kube-proxy and CoreDNS in kube-system',
    });
  } catch (error) {
    wait.signal?.throwIfAborted();
    const dead = [...((alwaysDead as Set<string> | null) ?? [])];
    if (dead.length === 0) throw error;
    throw new ServicesDeadError(
      `Services were dead at every attempt from ${dead.join(', ')}: ${errorText(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Checks Services from a node; `unknown` if the node does not run. */
function askNode(node: NodeSpec, places: ServicePlaces, signal?: AbortSignal): Promise<Look> {
  if (!nodeStatus(node).running) return Promise.resolve({ state: 'unknown', detail: 'it does not run' });
  return askFrom(['nsenter', `--net=/run/netns/${node.netns}`, '--'], places, signal);
}

/**
 * Checks both Services from the namespace that the command `enter` enters.
 * @throws Error if the probe could not be started
 */
export async function askFrom(
  enter: readonly string[],
  { api, apiPort, dns, dnsPort }: ServicePlaces,
  signal?: AbortSignal,
): Promise<Look> {
  const argv = [...enter, process.execPath, PROBE, `${api}:${apiPort}`, `${dns}:${dnsPort}`];
  const { stdout, stderr, code } = await runAny(argv, { timeoutMs: PROBE_DEADLINE_MS, signal });
  // The probe did not run to its end.
  if (code !== 0)
    return {
      state: 'unknown',
      detail: `the probe ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-200)}`,
    };
  const problems = stdout.trim();
  return problems === '' ? { state: 'answer' } : { state: 'dead', detail: problems.split('\n').join(', ') };
}
