/** What a fault could have left behind on the small embedded environment: looked for on its nodes and in its API. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { linkState, nodeSpec, nodesOf, nodeStatus } from '../../../env/local/nodes/index.ts';
import { cgroups, nested } from '../../../host/cgroups/cgroup-versions.ts';
import { cgroupName, processesIn } from '../../../env/local/nodes/cgroups.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import { runAny } from '../../../host/run.ts';
import type { KubeCluster } from '../../../probes/kubernetes/index.ts';
import { INSTANCE } from './instance.ts';

const TIMEOUT_MS = 10_000;

/** A sentence for each thing that is left; empty when nothing is. */
export async function faultsLeft(cluster: KubeCluster): Promise<string[]> {
  return [
    ...frozen(),
    ...(await nodes()),
    ...(await packetFilters()),
    ...(await privilegedPods(cluster)),
    ...(await undoJobs(cluster)),
    ...(await heldLease(cluster)),
  ];
}

function frozen(): string[] {
  return nested(join(cgroups().mountOf('freezer'), cgroupName(INSTANCE)))
    .filter((folder) => stateOf(folder) !== 'THAWED')
    .map((folder) => `${folder} is ${stateOf(folder)}`);
}

/** A cgroup that is gone meanwhile holds nothing. */
function stateOf(folder: string): string {
  try {
    return cgroups().freezerState(folder);
  } catch {
    return 'THAWED';
  }
}

async function nodes(): Promise<string[]> {
  const left: string[] = [];
  for (const { name } of nodesOf(INSTANCE, 'small')) {
    const node = nodeSpec(INSTANCE, name);
    if (!nodeStatus(node).running) left.push(`the node ${name} does not run`);
    if ((await linkState(node)) === 'cut') left.push(`the link of ${name} is cut`);
  }
  return left;
}

/** Tables of ours in any network namespace of the nodes' processes. */
async function packetFilters(): Promise<string[]> {
  const spaces = new Map<string, ProcessId>();
  for (const process of processesIn(cgroupName(INSTANCE))) {
    try {
      spaces.set(readlinkSync(`/proc/${process.pid}/ns/net`), process);
    } catch {
      // Ended meanwhile.
    }
  }
  const left: string[] = [];
  for (const [space, { pid }] of spaces) {
    const argv = ['nsenter', `--net=/proc/${pid}/ns/net`, '--', 'nft', 'list', 'tables'];
    const { stdout } = await runAny(argv, { timeoutMs: TIMEOUT_MS });
    // A node's own table is of the family ip (env/local/nodes/boot.sh), those of faults are inet.
    const ours = stdout.split('\n').filter((line) => line.startsWith('table inet plumbline'));
    left.push(...ours.map((line) => `${line} in ${space} (process ${pid})`));
  }
  return left;
}

async function privilegedPods(cluster: KubeCluster): Promise<string[]> {
  const { items } = await cluster.list({ kind: 'v1/Pod', namespace: 'plumbline-drill' });
  return items.map(({ metadata }) => `the privileged pod ${metadata.name} is there`);
}

async function undoJobs(cluster: KubeCluster): Promise<string[]> {
  const { items } = await cluster.list({ kind: 'batch/v1/Job', namespace: 'plumbline-system' });
  // One that is over undoes nothing any more; Kubernetes removes it some minutes later.
  const running = items.filter(
    ({ status }) => ((status as { active?: number } | undefined)?.active ?? 0) > 0,
  );
  return running.map(({ metadata }) => `the Job ${metadata.name} runs`);
}

async function heldLease(cluster: KubeCluster): Promise<string[]> {
  const lease = await cluster.get({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: 'plumbline-system',
    name: 'plumbline',
  });
  const { holderIdentity, renewTime, leaseDurationSeconds } = (lease?.spec ?? {}) as LeaseSpec;
  const held = holderIdentity !== undefined && holderIdentity !== null && holderIdentity !== '';
  // Nobody gives back the Lease of a dead holder; it has run out.
  const until = Date.parse(renewTime ?? '') + (leaseDurationSeconds ?? 0) * 1000;
  return held && until > Date.now() ? [`the Lease is held by ${holderIdentity}`] : [];
}

interface LeaseSpec {
  holderIdentity?: string | null;
  renewTime?: string;
  leaseDurationSeconds?: number;
}

/** Files of this machine's own timers and children that still name something that runs. */
export function timersLeft(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name === 'host-timer.json' || name === 'cluster-timer.json')
    .map((name) => `${name} is left: a timer is armed`);
}
