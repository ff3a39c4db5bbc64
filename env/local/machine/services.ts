import type { InstanceName, NodeSpec } from '../nodes/addressing.ts';
import { addressesOf } from '../nodes/addressing.ts';
import { nodeStatus } from '../nodes/node.ts';
import { runAny } from '../../../host/run.ts';
import { waitFor } from '../../../host/wait.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/**
 * Whether Services work, seen from the nodes: Ready nodes and ready pods say nothing of that. A kube-proxy that has lost its rules leaves
 * everything ready, and every Service dead.
 */

const API_PORT = 443;
const DNS_PORT = 53;
/** Both answer within milliseconds; on two busy cores it can be a hundred times that. */
const ANSWER_SECONDS = 2;
/** The script at its slowest: one connection and three questions that get no answer, and a list of rules. */
const SCRIPT_DEADLINE_MS = 15_000;
const LOOK_EVERY_MS = 500;
/** What the script needs besides bash; where one of them is missing it can tell nothing. */
const TOOLS = ['timeout', 'dd', 'od', 'tr'];
const API_NAME = 'kubernetes.default.svc.cluster.local';

/**
 * Words: the address and port of the API server's Service, those of the cluster's DNS, a question as printf's text, seconds for an answer.
 * The last line says that it came to its end. UDP loses packets, so the question is asked three times; dd makes one packet of it, where printf begins another after a line feed. The rules are counted for the message alone.
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

/** Where the two Services are that every cluster has. */
export type ServicePlaces = {
  readonly api: string;
  readonly apiPort: number;
  readonly dns: string;
  readonly dnsPort: number;
};

/** kube-apiserver takes the first address of the Services' range for its own. */
export function servicePlaces(instance: InstanceName): ServicePlaces {
  const { serviceCidr, dnsService } = addressesOf(instance);
  const api = serviceCidr.replace(/\.0\/\d+$/, '.1');
  return { api, apiPort: API_PORT, dns: dnsService, dnsPort: DNS_PORT };
}

/** Services that were asked for and do not answer. That it is not known whether they do is another error. */
export class ServicesDeadError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServicesDeadError';
  }
}

/** What a look came to: `unknown` says why it could not be made, and tells nothing of the Services. */
export type Look = { state: 'answer' } | { state: 'dead' | 'unknown'; detail: string };

/** How a node is asked; another one in tests. */
export type Asking = (node: NodeSpec, places: ServicePlaces, signal?: AbortSignal) => Promise<Look>;

/** Which running nodes find no Service, and what they miss, in sentences; empty when all is well. Changes nothing. */
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
    look.state === 'dead' ? `from ${node}, ${look.detail}` : `${node} could not be asked: ${look.detail}`,
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
 * @throws ServicesDeadError when the same node found them dead at every look; DeadlineError when that is not known: some looks could not
 * be made, or Services answered in between
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
      next: 'look at kube-proxy and CoreDNS in kube-system',
    });
  } catch (error) {
    wait.signal?.throwIfAborted();
    const dead = [...((alwaysDead as Set<string> | null) ?? [])];
    if (dead.length === 0) throw error;
    throw new ServicesDeadError(`dead from ${dead.join(', ')} throughout: ${errorText(error)}`, {
      cause: error,
    });
  }
}

/** A node that does not run cannot be asked. */
function askNode(node: NodeSpec, places: ServicePlaces, signal?: AbortSignal): Promise<Look> {
  if (!nodeStatus(node).running) return Promise.resolve({ state: 'unknown', detail: 'it does not run' });
  return askFrom(['nsenter', `--net=/run/netns/${node.netns}`, '--'], places, signal);
}

/**
 * Asks both Services from where `enter` leads.
 * @throws Error when the script that asks could not be run
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
  // Whatever it printed until then: it did not come to its end, so that what is missing was not asked for.
  if (said.get('looked') !== 'yes')
    return {
      state: 'unknown',
      detail: `the script that asks ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-200)}`,
    };
  const missing: string[] = [];
  if (said.get('api') !== 'yes')
    missing.push(`the API server's Service (${api}:${apiPort}) takes no connection`);
  const wrong = wrongAnswer(said.get('dns') ?? '', api);
  if (wrong !== null) missing.push(`the cluster's DNS (${dns}:${dnsPort}) ${wrong}`);
  if (missing.length === 0) return { state: 'answer' };
  const rules = `kube-proxy has rules for ${said.get('rules') ?? 'an unknown number of'} Services there`;
  const detail = [...missing, rules, ...(stderr === '' ? [] : [stderr.trim().slice(0, 200)])].join(', ');
  return { state: 'dead', detail };
}

/** `name=value` */
function wordsOf(line: string): [string, string] {
  const [name = '', value = ''] = line.split('=', 2);
  return [name, value];
}

/** A question for one IPv4 address, as DNS puts it (RFC 1035, 4.1). */
function question(name: string): Buffer {
  const header = Buffer.from([0x50, 0x4c, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([...header, ...labels, 0, 0, 1, 0, 1]);
}

function octal(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** What is wrong with an answer in hexadecimal; null: it names the address. */
function wrongAnswer(hex: string, address: string): string | null {
  if (hex === '') return 'does not answer';
  const answer = Buffer.from(hex, 'hex');
  const code = (answer[3] ?? 0) % 16;
  if (code !== 0) return `answers with code ${code} for ${API_NAME}`;
  const wanted = Buffer.from(address.split('.').map(Number));
  // The last four bytes of an answer with one record are its address; others may follow it.
  const answered = answer.length > question(API_NAME).length && answer.includes(wanted);
  return answered ? null : `does not know ${address} as ${API_NAME}`;
}
