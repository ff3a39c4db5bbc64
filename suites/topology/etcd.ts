import type { CheckContext } from '../harness/check.ts';
import type { PodObject } from './shapes.ts';

/** Where kubeadm puts etcd's client certificate inside its pod. */
const PKI = '/etc/kubernetes/pki/etcd';
const CLIENT = ['--endpoints=https://127.0.0.1:2379', `--cacert=${PKI}/ca.crt`, `--cert=${PKI}/server.crt`, `--key=${PKI}/server.key`];

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
function parse<T>(text: string): T {
  return JSON.parse(text.replace(/("(?:ID|member_id|leader|cluster_id|raftIndex)":)(\d+)/g, '$1"$2"')) as T;
}

/**
 * Asks the first etcd pod that answers, and records every member with its vote, health and idea of the leader. Three
 * calls. A member that does not answer is recorded as unhealthy, with etcd's own words.
 */
export async function readEtcd(ctx: CheckContext, pods: readonly PodObject[]): Promise<void> {
  const reasons: string[] = [];
  for (const pod of pods) {
    try {
      const members = parse<MemberList>(await etcdctl(ctx, pod, ['member', 'list']));
      const health = parse<EndpointHealth[]>(await etcdctl(ctx, pod, ['endpoint', 'health', '--cluster']));
      const status = parse<EndpointStatus[]>(await etcdctl(ctx, pod, ['endpoint', 'status', '--cluster']));
      record(ctx, { members, health, status });
      return;
    } catch (error) {
      reasons.push(`${pod.metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  ctx.unavailable('etcd', reasons.join('; ') || 'no pod of etcd was found');
}

function record(ctx: CheckContext, seen: { members: MemberList; health: EndpointHealth[]; status: EndpointStatus[] }): void {
  for (const member of seen.members.members) {
    const urls = member.clientURLs ?? [];
    const health = seen.health.find((one) => urls.includes(one.endpoint));
    const status = seen.status.find((one) => urls.includes(one.Endpoint));
    ctx.record('etcd-member', {
      id: String(member.ID),
      name: member.name ?? '',
      learner: member.isLearner ?? false,
      healthy: health?.health ?? false,
      leader: String(status?.Status?.leader ?? ''),
      error: health?.error ?? (health === undefined ? 'did not answer' : ''),
    });
  }
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
  if (line === undefined) throw new Error(`etcdctl ${words.join(' ')} exited with ${result.code}: ${result.stderr.trim().slice(-300)}`);
  return line;
}
