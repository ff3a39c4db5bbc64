import type { InstanceName, NodeSpec } from './nodes/addressing.ts';
import { addressesOf } from './nodes/addressing.ts';
import { nodeStatus } from './nodes/node.ts';
import { runAny } from './run.ts';
import { waitFor } from './wait.ts';

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
const API_NAME = 'kubernetes.default.svc.cluster.local';

/**
 * Words: the address and port of the API server's Service, those of the cluster's DNS, a question as printf's text, seconds for an answer.
 * UDP loses packets, so the question is asked three times; dd makes one packet of it, where printf begins another after a line feed. The rules are counted for the message alone.
 */
const SCRIPT = `
timeout "$6" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null && echo api=yes || echo api=no
answer=
for _ in 1 2 3; do
  answer=$(timeout "$6" bash -c 'exec 3<>"/dev/udp/$0/$1"; printf "$2" | dd bs=512 iflag=fullblock status=none >&3; dd bs=512 count=1 status=none <&3 | od -An -v -tx1' "$3" "$4" "$5" 2>/dev/null | tr -d ' \\n')
  [ -n "$answer" ] && break
done
echo "dns=$answer"
echo "rules=$(nft list map ip kube-proxy service-ips 2>/dev/null | grep -o 'goto service-' | wc -l)"
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

/** Which running nodes find no Service, and what they miss, in sentences; empty when all is well. Changes nothing. */
export async function serviceTrouble(
  instance: InstanceName,
  nodes: readonly NodeSpec[],
  signal?: AbortSignal,
): Promise<string[]> {
  const places = servicePlaces(instance);
  const running = nodes.filter((node) => nodeStatus(node).running);
  const looks = await Promise.all(
    running.map(async (node) => {
      const enter = ['nsenter', `--net=/run/netns/${node.netns}`, '--'];
      const missing = await askFrom(enter, places, signal);
      return missing === null ? [] : [`from ${node.name}, ${missing}`];
    }),
  );
  return looks.flat();
}

/** Waits until Services answer on every node. @throws DeadlineError naming what did not answer, and where */
export async function waitServices(
  instance: InstanceName,
  nodes: readonly NodeSpec[],
  wait: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<void> {
  await waitFor(
    async () => {
      const trouble = await serviceTrouble(instance, nodes, wait.signal);
      if (trouble.length > 0) throw new Error(trouble.join('; '));
      return true;
    },
    {
      ...wait,
      what: `Services of ${instance} to answer on every node`,
      intervalMs: LOOK_EVERY_MS,
      next: 'look at kube-proxy and CoreDNS in kube-system',
    },
  );
}

/**
 * Asks both Services from where `enter` leads.
 * @returns what does not answer, in words; null when both do
 */
export async function askFrom(
  enter: readonly string[],
  places: ServicePlaces,
  signal?: AbortSignal,
): Promise<string | null> {
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
  const { stdout, stderr } = await runAny(argv, { timeoutMs: SCRIPT_DEADLINE_MS, signal });
  const said = new Map(stdout.split('\n').map((line) => line.split('=', 2) as [string, string | undefined]));
  const missing: string[] = [];
  if (said.get('api') !== 'yes')
    missing.push(`the API server's Service (${api}:${apiPort}) takes no connection`);
  const wrong = wrongAnswer(said.get('dns') ?? '', api);
  if (wrong !== null) missing.push(`the cluster's DNS (${dns}:${dnsPort}) ${wrong}`);
  if (missing.length === 0) return null;
  const rules = `kube-proxy has rules for ${said.get('rules') ?? 'an unknown number of'} Services there`;
  return [...missing, rules, ...(stderr === '' ? [] : [stderr.trim().slice(0, 200)])].join(', ');
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
