import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NodeSpec } from '../nodes/addressing.ts';
import { nodeLogs, onHost } from '../nodes/files.ts';
import { execInNode } from '../nodes/node.ts';
import { stateDir } from '../../../host/paths.ts';
import { patience, patient } from '../../../host/patience.ts';
import { CommandError, run } from '../../../host/run.ts';
import { retry, waitFor } from '../../../host/wait.ts';
import { CONFIG_PATH, DISCOVERY_PATH, discoveryConfig, initConfig, joinConfig } from './kubeadm.ts';
import type { ClusterVersions } from './kubeadm.ts';

/** Input of every step that makes a cluster. */
export type BringUp = {
  readonly nodes: readonly NodeSpec[];
  readonly binDir: string;
  readonly versions: ClusterVersions;
  readonly kubeconfig: string;
  readonly signal?: AbortSignal | undefined;
};

const INIT_DEADLINE_MS = 240_000;
const JOIN_DEADLINE_MS = 240_000;
const KUBECTL_DEADLINE_MS = 60_000;

/** Certificates that control-plane nodes share; kubeadm derives each node's own certificates from them. */
const SHARED_PKI = [
  'ca.crt',
  'ca.key',
  'sa.key',
  'sa.pub',
  'front-proxy-ca.crt',
  'front-proxy-ca.key',
  'etcd/ca.crt',
  'etcd/ca.key',
];

/** Makes the control plane on the first node and writes the administrator's kubeconfig. Returns the join token. */
export async function initControlPlane(context: BringUp): Promise<string> {
  const first = firstOf(context.nodes);
  const token = `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`;
  writeOnNode(first, CONFIG_PATH, initConfig(first, context.versions, token));
  // CoreDNS comes after the workers have joined, or both of its replicas would end up on the first node.
  await kubeadm(
    first,
    ['init', '--config', CONFIG_PATH, '--skip-phases', 'preflight,addon/coredns'],
    context,
  );
  mkdirSync(dirname(context.kubeconfig), { recursive: true });
  writeFileSync(context.kubeconfig, readFileSync(onHost(first, '/etc/kubernetes/admin.conf')), {
    mode: 0o600,
  });
  chmodSync(context.kubeconfig, 0o600);
  return token;
}

/**
 * Joins every other node: workers in parallel, control-plane nodes one after the other, as etcd requires. Joining those in parallel would
 * not make them Ready sooner.
 */
export async function joinNodes(context: BringUp, token: string): Promise<void> {
  const [first, ...others] = context.nodes;
  if (first === undefined) return;
  const caPem = readFileSync(onHost(first, '/etc/kubernetes/pki/ca.crt'), 'utf8');
  const join = async (node: NodeSpec): Promise<void> => {
    writeOnNode(node, DISCOVERY_PATH, discoveryConfig(node, caPem));
    writeOnNode(node, CONFIG_PATH, joinConfig(node, token));
    await kubeadm(node, ['join', '--config', CONFIG_PATH, '--skip-phases', 'preflight'], context);
  };
  const controls = others.filter((node) => node.role === 'control');
  const workers = others.filter((node) => node.role !== 'control');
  const inTurn = async (): Promise<void> => {
    for (const node of controls) {
      copyPki(first, node);
      await join(node);
    }
  };
  await allSettledOrThrow([inTurn(), ...workers.map(join)]);
}

/** Installs CoreDNS, whose replicas then find the workers to spread over. */
export async function installDns(context: BringUp): Promise<void> {
  await kubeadm(
    firstOf(context.nodes),
    ['init', 'phase', 'addon', 'coredns', '--config', CONFIG_PATH],
    context,
  );
}

/** Taint that a node carries until the control plane has processed its Ready condition, which is a moment after the node reports it. */
const NOT_READY = 'node.kubernetes.io/not-ready';

/** Waits until every node is registered, Ready and schedulable, and records its pod range in the API (its routes exist already). */
export async function waitNodesReady(context: BringUp, deadlineMs: number): Promise<void> {
  const names = context.nodes.map((node) => `node/${node.name}`);
  await allSettledOrThrow(context.nodes.map((node) => recordPodRange(context, node, deadlineMs)));
  const flags = ['--for=condition=Ready', `--timeout=${Math.ceil(patient(deadlineMs) / 1000)}s`];
  await kubectl(context, ['wait', ...flags, ...names], { timeoutMs: deadlineMs + 5000 });
  await waitFor(() => freeForPods(context), {
    what: `every node to be without the taint ${NOT_READY}`,
    deadlineMs,
    intervalMs: 250,
    signal: context.signal,
    next: `kubectl --kubeconfig ${context.kubeconfig} describe nodes`,
  });
}

async function freeForPods(context: BringUp): Promise<true> {
  // Only of these: a cluster may have nodes of others, too.
  const names = context.nodes.map((node) => `node/${node.name}`);
  const argv = ['get', ...names, '-o', 'jsonpath={.items[*].spec.taints[*].key}'];
  const taints = await kubectl(context, argv);
  if (taints.split(' ').includes(NOT_READY)) throw new Error(`taints of nodes: ${taints}`);
  return true;
}

/** Retries until the node is registered: `kubeadm join` returns before kubelet has done that, and until then the API refuses the patch. */
async function recordPodRange(context: BringUp, node: NodeSpec, deadlineMs: number): Promise<void> {
  const patch = JSON.stringify({ spec: { podCIDR: node.podCidr, podCIDRs: [node.podCidr] } });
  await waitFor(() => kubectl(context, ['patch', 'node', node.name, '-p', patch]), {
    what: `node ${node.name} to be registered`,
    deadlineMs,
    intervalMs: 250,
    signal: context.signal,
    next: `read ${nodeLogs(node).kubelet}`,
  });
}

/** Words of kubectl when its connection was cut or was never made; what the server decided is then unknown, and asking again finds out. */
const CUT_OFF = /\bEOF\b|connection reset by peer|client connection lost|TLS handshake timeout/;
const ASK_AGAIN_MS = 1_000;

/**
 * Runs kubectl against the cluster and returns its output. It asks through no proxy, as host/proxy.ts has it for all
 * that is provisioned here, and again until the deadline where a connection was cut: each command here may be given twice.
 * @throws CommandError with kubectl's error text.
 */
export function kubectl(
  context: Pick<BringUp, 'binDir' | 'kubeconfig' | 'signal'>,
  argv: readonly string[],
  options: { readonly input?: string | undefined; readonly timeoutMs?: number | undefined } = {},
): Promise<string> {
  const deadlineMs = patient(options.timeoutMs ?? KUBECTL_DEADLINE_MS);
  // Without it, kubectl gives up its first question, for the kinds of the server, after 32 s.
  const limit = patience() > 1 ? [`--request-timeout=${Math.ceil(deadlineMs / 1000)}s`] : [];
  const command = [join(context.binDir, 'kubectl'), '--kubeconfig', context.kubeconfig, ...limit, ...argv];
  const once = (leftMs: number): Promise<string> =>
    run(command, {
      timeoutMs: leftMs / patience(),
      input: options.input,
      signal: context.signal,
      env: {
        ...process.env,
        NO_PROXY: '*',
        // The discovery cache goes to the state folder: by default it would stay in the home folder after `env down`.
        KUBECACHEDIR: join(dirname(context.kubeconfig), 'kubectl-cache'),
      },
    });
  const isFinal = (error: unknown): boolean =>
    !(error instanceof CommandError && CUT_OFF.test(error.result.stderr));
  return retry(once, { deadlineMs, intervalMs: ASK_AGAIN_MS, signal: context.signal, isFinal });
}

/** Waits for all, then throws the first failure, so that nothing is still running when this returns. */
export async function allSettledOrThrow(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function firstOf(nodes: readonly NodeSpec[]): NodeSpec {
  const [first] = nodes;
  if (first === undefined) throw new Error('a cluster needs at least one node');
  return first;
}

function writeOnNode(node: NodeSpec, path: string, content: string): void {
  const file = onHost(node, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode: 0o600 });
}

function copyPki(from: NodeSpec, to: NodeSpec): void {
  for (const name of SHARED_PKI) {
    const target = onHost(to, join('/etc/kubernetes/pki', name));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(onHost(from, join('/etc/kubernetes/pki', name)), target);
  }
}

/** Form of a bootstrap token (Kubernetes documentation, TLS bootstrapping). */
const BOOTSTRAP_TOKEN = /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g;

async function kubeadm(node: NodeSpec, argv: readonly string[], context: BringUp): Promise<void> {
  const [first = ''] = argv;
  const timeoutMs = first === 'init' ? INIT_DEADLINE_MS : JOIN_DEADLINE_MS;
  const command = ['kubeadm', ...argv];
  const result = await execInNode(node, command, {
    timeoutMs,
    signal: context.signal,
    binDir: context.binDir,
  });
  const log = join(stateDir(node.instance), 'log', `kubeadm-${node.name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  // kubeadm prints the command by which a node joins: whoever has the token in it gets a node's certificate.
  const output = `${result.stdout}\n${result.stderr}\n`.replaceAll(BOOTSTRAP_TOKEN, 'TOKEN');
  writeFileSync(log, output, { flag: 'a', mode: 0o600 });
  if (result.code === 0) return;
  const where = `on node ${node.name}; see ${log} and ${nodeLogs(node).kubelet}`;
  throw new Error(`kubeadm ${first} failed ${where}`, { cause: new CommandError(command, result, null) });
}
