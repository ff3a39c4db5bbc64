import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { addressesOf } from '../nodes/addressing.ts';
import type { InstanceName } from '../nodes/addressing.ts';
import { cutLink, ensureLink, linkState, restoreLink } from '../nodes/links.ts';
import type { LinkOwner } from '../nodes/links.ts';
import { killProcesses } from '../../../host/process-identity.ts';
import { logDir, stateDir } from '../../../host/paths.ts';
import { adoptProcess, recordedProcess } from '../state/processes.ts';
import { run, startDetached } from '../../../host/run.ts';
import { patience, patient } from '../../../host/patience.ts';
import { waitFor } from '../../../host/wait.ts';

/** An API server behind the load balancer. */
export type Backend = { readonly name: string; readonly address: string };

const PROCESS_NAME = 'load-balancer';
const DEADLINE_MS = 10_000;
const API_PORT = 6443;

type Signalled = { readonly signal?: AbortSignal | undefined };

/** The load balancer's own link and namespace, so that it can be cut like a node. */
export function loadBalancerLink(instance: InstanceName): LinkOwner {
  const { loadBalancer, loadBalancerLink: link } = addressesOf(instance);
  return { instance, link, netns: link, address: loadBalancer };
}

/**
 * Starts the load balancer in a namespace of its own, or makes a running one reload its configuration. The edge's
 * part of the configuration (setExtraConfig) is kept.
 */
export async function ensureLoadBalancer(
  instance: InstanceName,
  apiServers: readonly Backend[],
  options: Signalled = {},
): Promise<void> {
  const files = configFiles(instance);
  mkdirSync(join(stateDir(instance), 'lb'), { recursive: true });
  writeFileSync(files.base, apiConfig(instance, apiServers));
  if (!existsSync(files.extra)) writeFileSync(files.extra, '');
  await ensureLink(loadBalancerLink(instance), options);
  await reload(instance, options);
}

/** Sets the servers behind the API address. Calling it with the former list is the rollback. */
export async function setApiServers(
  instance: InstanceName,
  apiServers: readonly Backend[],
  options: Signalled = {},
): Promise<void> {
  await ensureLoadBalancer(instance, apiServers, options);
}

/**
 * Replaces the edge's part of the configuration: complete haproxy sections, bound to the load balancer's address.
 * @throws CommandError with haproxy's error text when the sections do not parse; the old ones then stay in force.
 */
export async function setExtraConfig(
  instance: InstanceName,
  text: string,
  options: Signalled = {},
): Promise<void> {
  const files = configFiles(instance);
  const candidate = `${files.extra}.new`;
  writeFileSync(candidate, text);
  await check([files.base, candidate], options);
  writeFileSync(files.extra, text);
  await reload(instance, options);
}

/** Drops every packet from and to the load balancer, silently. */
export async function cutLoadBalancer(instance: InstanceName, options: Signalled = {}): Promise<void> {
  await cutLink(loadBalancerLink(instance), options);
}

/** Lets the load balancer's packets pass again. */
export async function restoreLoadBalancer(instance: InstanceName, options: Signalled = {}): Promise<void> {
  await restoreLink(loadBalancerLink(instance), options);
}

/** Whether haproxy runs and its packets pass. */
export async function loadBalancerUp(instance: InstanceName, options: Signalled = {}): Promise<boolean> {
  if (recordedProcess(instance, PROCESS_NAME) === null) return false;
  return (await linkState(loadBalancerLink(instance), options)) === 'up';
}

/**
 * The configuration of the API address; exported for its test. A machine that is given patience has longer to connect and to answer the
 * question for readiness: a server that is taken for dead has all its connections cut, and kubectl in the midst of one fails.
 */
export function apiConfig(instance: InstanceName, apiServers: readonly Backend[]): string {
  const { loadBalancer } = addressesOf(instance);
  const seconds = (ordinary: number): string => `${Math.ceil(ordinary * patience())}s`;
  return `global
  # Two descriptors a connection, well below the 20,000 that a machine may allow.
  maxconn 4000
  stats socket ${join(stateDir(instance), 'lb/admin.sock')} mode 600 level admin

defaults
  mode tcp
  timeout connect ${seconds(1)}
  # Watches stay open; kube-apiserver itself ends them after 30 to 60 minutes.
  timeout client 2h
  timeout server 2h
  timeout check ${seconds(2)}
  retries 3
  option redispatch 1

frontend api
  bind ${loadBalancer}:6443
  default_backend api

backend api
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server check check-ssl verify none inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
${apiServers.map(({ name, address }) => `  server ${name} ${address}:6443`).join('\n')}
`;
}

function configFiles(instance: InstanceName): { base: string; extra: string } {
  const dir = join(stateDir(instance), 'lb');
  return { base: join(dir, 'api.cfg'), extra: join(dir, 'edge.cfg') };
}

async function check(files: readonly string[], options: Signalled): Promise<void> {
  const flags = files.flatMap((file) => ['-f', file]);
  await run(['haproxy', '-c', '-q', ...flags], { timeoutMs: DEADLINE_MS, ...options });
}

async function reload(instance: InstanceName, options: Signalled): Promise<void> {
  const { base, extra } = configFiles(instance);
  await check([base, extra], options);
  const running = recordedProcess(instance, PROCESS_NAME);
  if (running !== null) {
    // On SIGUSR2 the master starts a new worker, which takes over the sockets; the old worker serves its open connections to their end.
    killProcesses([running], 'SIGUSR2');
    return;
  }
  const { netns } = loadBalancerLink(instance);
  mkdirSync(logDir(instance), { recursive: true });
  const argv = [
    'nsenter',
    `--net=/run/netns/${netns}`,
    '--',
    'haproxy',
    '-W',
    '-db',
    '-f',
    base,
    '-f',
    extra,
  ];
  const pid = startDetached(argv, join(logDir(instance), 'load-balancer.log'));
  adoptProcess(instance, PROCESS_NAME, pid);
  await waitFor(() => accepts(addressesOf(instance).loadBalancer, API_PORT), {
    what: `the load balancer at ${addressesOf(instance).loadBalancer}:${API_PORT}`,
    deadlineMs: DEADLINE_MS,
    intervalMs: 20,
    signal: options.signal,
    next: `read ${join(logDir(instance), 'load-balancer.log')}`,
  });
}

function accepts(host: string, port: number): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: patient(1000) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer within 1 s')));
    socket.once('error', reject);
  });
}
