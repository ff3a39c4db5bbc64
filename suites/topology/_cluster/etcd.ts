import { z } from 'zod';
import type { CheckContext } from '../../harness/context.ts';
import { heldTo, parseJson } from '../../../host/json.ts';
import type { PodObject } from '../_objects/shapes.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** Where kubeadm puts etcd's client certificate inside its pod. */
const PKI = '/etc/kubernetes/pki/etcd';
const CLIENT = [
  '--endpoints=https://127.0.0.1:2379',
  `--cacert=${PKI}/ca.crt`,
  `--cert=${PKI}/server.crt`,
  `--key=${PKI}/server.key`,
];

/** Ids of members, read as text. */
const id = z.union([z.string(), z.number()]);
const memberList = z.object({
  members: z.array(
    z.object({
      ID: id,
      name: z.string().optional(),
      isLearner: z.boolean().optional(),
      clientURLs: z.array(z.string()).nullish(),
    }),
  ),
});
const endpointStatus = z.object({
  Endpoint: z.string(),
  Status: z
    .object({ header: z.object({ member_id: id.optional() }).optional(), leader: id.optional() })
    .optional(),
});
const endpointHealth = z.object({ endpoint: z.string(), health: z.boolean(), error: z.string().optional() });
const statuses = z.array(endpointStatus);
const healths = z.array(endpointHealth);

type MemberList = z.infer<typeof memberList>;
type EndpointStatus = z.infer<typeof endpointStatus>;
type EndpointHealth = z.infer<typeof endpointHealth>;

/** Large ids do not survive JSON.parse as numbers: they are read as text. */
function parse(text: string): unknown {
  return parseJson(text.replace(/("(?:ID|member_id|leader|cluster_id|raftIndex)":)(\d+)/g, '$1"$2"'));
}

/**
 * Asks the first etcd pod that answers, and records every member with its vote, health and idea of the leader. Three
 * calls. A member that does not answer is recorded as unhealthy, with etcd's own words.
 */
export async function readEtcd(ctx: CheckContext, pods: readonly PodObject[]): Promise<void> {
  const reasons: string[] = [];
  for (const pod of pods) {
    try {
      const members = await asked(ctx, pod, ['member', 'list'], memberList);
      const health = await asked(ctx, pod, ['endpoint', 'health', '--cluster'], healths);
      const status = await asked(ctx, pod, ['endpoint', 'status', '--cluster'], statuses);
      record(ctx, { members, health, status });
      return;
    } catch (error) {
      reasons.push(`${pod.metadata.name}: ${errorText(error)}`);
    }
  }
  ctx.unavailable('etcd', reasons.join('; '));
}

/** The name of the member that leads, by the word of the first pod that answers; null when none does. */
export async function etcdLeader(ctx: CheckContext, pods: readonly PodObject[]): Promise<string | null> {
  for (const pod of pods) {
    try {
      const { members } = await asked(ctx, pod, ['member', 'list'], memberList);
      const own = await asked(ctx, pod, ['endpoint', 'status'], statuses);
      const leader = String(own[0]?.Status?.leader ?? '');
      const found = members.find(({ ID }) => String(ID) === leader)?.name;
      if (found !== undefined && found !== '') return found;
    } catch {
      // Try the next pod. If none answers, the leader is unknown.
    }
  }
  return null;
}

function record(
  ctx: CheckContext,
  seen: { members: MemberList; health: EndpointHealth[]; status: EndpointStatus[] },
): void {
  for (const { ID, name = '', isLearner: learner = false, clientURLs } of seen.members.members) {
    const at = clientURLs ?? [];
    const health = seen.health.find((one) => at.includes(one.endpoint));
    const status = seen.status.find((one) => at.includes(one.Endpoint));
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

async function asked<T>(
  ctx: CheckContext,
  pod: PodObject,
  words: string[],
  schema: z.ZodType<T>,
): Promise<T> {
  return heldTo(schema, parse(await etcdctl(ctx, pod, words)), `etcdctl ${words.join(' ')}`);
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
