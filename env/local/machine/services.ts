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
/** API server and DNS answer within milliseconds; on two busy cores it can take a hundred times as long. */
const ANSWER_SECONDS = 2;
/** Longest run of the script: one connection and three DNS queries without an answer, and the list of rules. */
const SCRIPT_DEADLINE_MS = 15_000;
const LOOK_EVERY_MS = 500;
/** Tools that the script needs besides bash. Without one of them the result is unknown. */
const TOOLS = ['timeout', 'dd', 'od', 'tr'];
const API_NAME = 'kubernetes.default.svc.cluster.local';

/**
 * Arguments: address and port of the API server's Service, address and port of the cluster's DNS, a DNS query as a printf format, seconds
 * to wait for an answer. The last line of output proves that the script ran to its end. The query is sent up to three times because UDP
 * loses packets. dd sends it as one packet; printf alone would start another packet after a line feed. The rules are counted only for the
 * message.
 */
const SCRIPT = `
for tool in ${TOOLS.join(' ')}; do command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 3; }; done
timeout "$6" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null && echo api=yes || echo api=no
answer=
for _ in 1 2 3; do
  answer=$(timeout "$6" bash -c 'exec 3<>"/dev/udp/$0/$1"; printf "$2" | dd bs=512 iflag=fullblock status=none >&3; dd bs=512 count=1 status=none <&3 | od -An -v -tx1' "$3" "$4" "$5" 2>/dev/null | tr -d ' \\n')
  [ -n "$answer" ] && break
done
echo "dns=$answer"
echo "rules=$(nft list map ip kube-proxy service-ips 2>/dev/null | grep -o 'goto service-' | wc -l)"
echo looked=yes
`;

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
 * @throws Error if the script could not be started
 */
export async function askFrom(
  enter: readonly string[],
  places: ServicePlaces,
  signal?: AbortSignal,
): Promise<Look> {
  const { api, apiPort, dns, dnsPort } = places;
  const words = [
    api,
    String(apiPort),
    dns,
    String(dnsPort),
    octal(question(API_NAME)),
    String(ANSWER_SECONDS),
  ];
  const argv = [...enter, 'bash', '-c', SCRIPT, 'services', ...words];
  const { stdout, stderr, code } = await runAny(argv, { timeoutMs: SCRIPT_DEADLINE_MS, signal });
  const said = new Map(stdout.split('\n').map((line) => wordsOf(line)));
  // The script did not run to its end. A result that is missing from its output may never have been requested.
  if (said.get('looked') !== 'yes')
    return {
      state: 'unknown',
      detail: `the probe script ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-200)}`,
    };
  const missing: string[] = [];
  if (said.get('api') !== 'yes')
    missing.push(`the API server's Service (${api}:${apiPort}) accepts no connection`);
  const wrong = wrongAnswer(said.get('dns') ?? '', api);
  if (wrong !== null) missing.push(`the cluster's DNS (${dns}:${dnsPort}) ${wrong}`);
  if (missing.length === 0) return { state: 'answer' };
  const rules = `kube-proxy has rules for ${said.get('rules') ?? 'an unknown number of'} Services on this node`;
  const detail = [...missing, rules, ...(stderr === '' ? [] : [stderr.trim().slice(0, 200)])].join(', ');
  return { state: 'dead', detail };
}

/** `name=value` */
function wordsOf(line: string): [string, string] {
  const [name = '', value = ''] = line.split('=', 2);
  return [name, value];
}

/** A DNS query for an IPv4 address (RFC 1035, 4.1). */
function question(name: string): Buffer {
  const header = Buffer.from([0x50, 0x4c, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([...header, ...labels, 0, 0, 1, 0, 1]);
}

function octal(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** What is wrong with a DNS response in hexadecimal; null if it contains the address. */
function wrongAnswer(hex: string, address: string): string | null {
  if (hex === '') return 'does not answer';
  const answer = Buffer.from(hex, 'hex');
  const code = (answer[3] ?? 0) % 16;
  if (code !== 0) return `answers with code ${code} for ${API_NAME}`;
  const wanted = Buffer.from(address.split('.').map(Number));
  // The address need not be in the last four bytes, because other records may follow.
  const answered = answer.length > question(API_NAME).length && answer.includes(wanted);
  return answered ? null : `does not know ${address} as ${API_NAME}`;
}
