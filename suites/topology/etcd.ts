import type { CheckContext } from '../harness/check.ts';
import type { PodObject } from './shapes.ts';

/** Where kubeadm puts etcd's client certificate inside its pod. */
const PKI = '/etc/kubernetes/pki/etcd';
const CLIENT = [
  '--endpoints=https://127.0.0.1:2379',
  `--cacert=${PKI}/ca.crt`,
  `--cert=${PKI}/server.crt`,
  `--key=${PKI}/server.key`,
];

interface MemberList {
  members: { ID: number; name?: string; isLearner?: boolean; clientURLs?: string[] }[];
}
interface EndpointStatus {
  Endpoint: string;
  Status?: { header?: { member_id?: number }; leader?: number };
}
interface EndpointHealth {
  endpoint: string;
  health: boolean;
  error?: string;
}

/** Large ids do not survive JSON.parse as numbers: they are read as text. */
function parse(text: string): unknown {
  return JSON.parse(text.replace(/("(?:ID|member_id|leader|cluster_id|raftIndex)":)(\d+)/g, '$1"$2"'));
}

/**
 * Asks the first etcd pod that answers, and records every member with its vote, health and idea of the leader. Three
 * calls. A member that does not answer is recorded as unhealthy, with etcd's own words.
 */
export async function readEtcd(ctx: CheckContext, pods: readonly PodObject[]): Promise<void> {
  const reasons: string[] = [];
  for (const pod of pods) {
    try {
      const members = parse(await etcdctl(ctx, pod, ['member', 'list'])) as MemberList;
      const health = parse(await etcdctl(ctx, pod, ['endpoint', 'health', '--cluster'])) as EndpointHealth[];
      const status = parse(await etcdctl(ctx, pod, ['endpoint', 'status', '--cluster'])) as EndpointStatus[];
      record(ctx, { members, health, status });
      return;
    } catch (error) {
      reasons.push(`${pod.metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  ctx.unavailable('etcd', reasons.join('; ') || 'no pod of etcd was found');
}

/** The name of the member that leads, by the word of the first pod that answers; null when none does. */
export async function etcdLeader(ctx: CheckContext, pods: readonly PodObject[]): Promise<string | null> {
  for (const pod of pods) {
    try {
      const { members } = parse(await etcdctl(ctx, pod, ['member', 'list'])) as MemberList;
      const own = parse(await etcdctl(ctx, pod, ['endpoint', 'status'])) as EndpointStatus[];
      const leader = String(own[0]?.Status?.leader ?? '');
      const found = members.find(({ ID }) => String(ID) === leader)?.name;
      if (found !== undefined && found !== '') return found;
    } catch {
      // The next one is asked; when none answers there is no leader that anybody knows of.
    }
  }
  return null;
}

function record(
  ctx: CheckContext,
  seen: { members: MemberList; health: EndpointHealth[]; status: EndpointStatus[] },
): void {
  for (const { ID, name = '', isLearner: learner = false, clientURLs = [] } of seen.members.members) {
    const health = seen.health.find((one) => clientURLs.includes(one.endpoint));
    const status = seen.status.find((one) => clientURLs.includes(one.Endpoint));
    const found = { id: String(ID), name, learner, ...leaderIn(status), ...healthOf(health) };
    ctx.record('etcd-member', found);
  }
}

/** Whom a member takes for the leader; etcd writes 0 for nobody. */
function leaderIn(status: EndpointStatus | undefined): { leader: string | null; leads: boolean } {
  const { leader: named = 0, header } = status?.Status ?? {};
  if (String(named) === '0') return { leader: null, leads: false };
  return { leader: String(named), leads: String(header?.member_id ?? '') === String(named) };
}

function healthOf(health: EndpointHealth | undefined): { healthy: boolean; error: string } {
  if (health === undefined) return { healthy: false, error: 'did not answer' };
  return { healthy: health.health, error: health.error ?? '' };
}

/** etcdctl exits with 1 when one member of several is unhealthy, and still prints all of them. */
async function etcdctl(ctx: CheckContext, pod: PodObject, words: string[]): Promise<string> {
  const result = await ctx.cluster.exec({
    namespace: pod.metadata.namespace ?? 'kube-system',
    pod: pod.metadata.name,
    container: pod.spec.containers[0]?.name ?? 'etcd',
    command: ['etcdctl', ...CLIENT, ...words, '--write-out=json'],
    timeoutMs: ctx.timeoutMs('apiRequest'),
  });
  const line = result.stdout.split('\n').find((one) => one.startsWith('{') || one.startsWith('['));
  if (line === undefined)
    throw new Error(
      `etcdctl ${words.join(' ')} exited with ${result.code}: ${result.stderr.trim().slice(-300)}`,
    );
  return line;
}
