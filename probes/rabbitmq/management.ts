import { isIP } from 'node:net';
import { z } from 'zod';
import { askHttp, HttpRefusal, jsonOf, MOST_STORE_BYTES, whereOf } from '../http.ts';
import type { HttpQuestion } from '../http.ts';
import type { Bounds, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { optionsOf } from './options.ts';

/*
 * The management API's answers, as far as they are read here. With `disable_stats` they come from the node's own state; without it
 * from statistics that are up to 5 s old. While a member hangs, an answer that counts members takes 2 to 4 s: its peers are asked
 * over Erlang's distribution, which waits for it (seen with RabbitMQ 3.10).
 */

const nodeSchema = z.object({
  name: z.string(),
  running: z.boolean().default(false),
  /** Absent for a node that is down. */
  mem_alarm: z.boolean().default(false),
  disk_free_alarm: z.boolean().default(false),
  partitions: z.array(z.string()).default([]),
  being_drained: z.boolean().default(false),
  net_ticktime: z.number().optional(),
  /** The node's own folder of data; absent for a node that is down. */
  db_dir: z.string().optional(),
});
const queueSchema = z.object({
  name: z.string(),
  vhost: z.string(),
  type: z.string().default('classic'),
  durable: z.boolean().default(false),
  exclusive: z.unknown(),
  /** The node of a classic queue; the leader's node of a stream, where `leader` is not given. */
  node: z.string().optional(),
  /** Empty or absent while there is none, and of a stream without statistics. */
  leader: z.string().nullish(),
  members: z.array(z.string()).default([]),
  online: z.array(z.string()).default([]),
  state: z.string().default('unknown'),
  messages_ready: z.number().optional(),
  messages_unacknowledged: z.number().optional(),
  /** What all policies together ask of it, by their keys; an empty list where none does. */
  effective_policy_definition: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
/**
 * What is asked of each queue in a list: every key that is read, without the policy, which is read of single queues. Of 5,000 queues the whole answer has more
 * than 4 MiB. RabbitMQ cuts columns out of what it would have answered (rabbit_mgmt_util:extract_columns), so that values stay as they are.
 */
const COLUMNS = Object.keys(queueSchema.omit({ effective_policy_definition: true }).shape).join(',');
const membersSchema = queueSchema.pick({ name: true, vhost: true, members: true, online: true });
const vhostSchema = z.object({
  name: z.string(),
  /** State by node: `running`, `stopped`. Absent before RabbitMQ 3.7. */
  cluster_state: z.record(z.string(), z.string()).default({}),
});
const overviewSchema = z.object({
  rabbitmq_version: z.string(),
  erlang_version: z.string(),
});

export type RabbitNode = z.infer<typeof nodeSchema>;
export type RabbitQueue = z.infer<typeof queueSchema>;
export type RabbitVhost = z.infer<typeof vhostSchema>;
type RabbitOverview = z.infer<typeof overviewSchema>;

/** One member's management API. Every method throws Error that says which member, which path, and what it answered. */
export class Management {
  readonly #target: StoreTarget;
  readonly #member: StoreMember;

  constructor(target: StoreTarget, member: StoreMember) {
    this.#target = target;
    this.#member = member;
  }

  /** Null when the member knows no such queue in the canary's virtual host. */
  async queue(name: string, bounds: Bounds): Promise<RabbitQueue | null> {
    const { vhost } = optionsOf(this.#target.connection);
    const path = `/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}?disable_stats=true`;
    const found = await this.#get(path, bounds, [404]);
    return found === null ? null : queueSchema.parse(found);
  }

  /** Every queue of the canary's virtual host with its counts of messages. */
  async queues(bounds: Bounds): Promise<RabbitQueue[]> {
    const { vhost } = optionsOf(this.#target.connection);
    const path = `/api/queues/${encodeURIComponent(vhost)}?disable_stats=true&enable_queue_totals=true&columns=${COLUMNS}`;
    return z.array(queueSchema).parse(await this.#get(path, bounds));
  }

  /**
   * Every queue in every virtual host that the canary's user may see. Only statistics, up to 5 s old, name the members of a stream (seen
   * with RabbitMQ 3.10): they are asked for where there is one.
   */
  async allQueues(bounds: Bounds): Promise<RabbitQueue[]> {
    const list = `/api/queues?disable_stats=true&columns=${COLUMNS}`;
    const queues = z.array(queueSchema).parse(await this.#get(list, bounds));
    if (!queues.some(isStreamWithoutMembers)) return queues;
    const path = '/api/queues?columns=name,vhost,members,online';
    const known = z.array(membersSchema).parse(await this.#get(path, bounds));
    return queues.map((queue) => {
      if (!isStreamWithoutMembers(queue)) return queue;
      const { members, online } = known.find((one) => isSame(one, queue)) ?? queue;
      return { ...queue, members, online };
    });
  }

  async nodes(bounds: Bounds): Promise<RabbitNode[]> {
    return z.array(nodeSchema).parse(await this.#get('/api/nodes', bounds));
  }

  /** Virtual hosts that the canary's user may see. */
  async vhosts(bounds: Bounds): Promise<RabbitVhost[]> {
    return z.array(vhostSchema).parse(await this.#get('/api/vhosts?disable_stats=true', bounds));
  }

  async overview(bounds: Bounds): Promise<RabbitOverview> {
    return overviewSchema.parse(await this.#get('/api/overview?disable_stats=true', bounds));
  }

  /** @returns null for a status of `nullFor` */
  async #get(path: string, bounds: Bounds, nullFor: readonly number[] = []): Promise<unknown> {
    const { connection } = this.#target;
    const question: HttpQuestion = {
      who: `management API of ${this.#member.name}`,
      host: this.#member.address,
      port: optionsOf(connection).management.port,
      path,
      tls: connection.tls,
      dial: connection.dial,
      account: { user: connection.user, password: connection.password },
      maxBytes: MOST_STORE_BYTES,
    };
    const answer = await askHttp(question, bounds);
    if (nullFor.includes(answer.status)) return null;
    if (answer.status !== 200) {
      const said = `${whereOf(question)}: status ${answer.status}: ${answer.text.slice(0, 100)}`;
      throw new HttpRefusal(said, answer.status);
    }
    return jsonOf(question, answer);
  }
}

function isStreamWithoutMembers({ type, members }: RabbitQueue): boolean {
  return type === 'stream' && members.length === 0;
}

function isSame(one: Pick<RabbitQueue, 'name' | 'vhost'>, other: RabbitQueue): boolean {
  return one.name === other.name && one.vhost === other.vhost;
}

/**
 * Which member a node of Erlang's is. `rabbit@rabbitmq-0.rabbitmq-members.tender.svc` is the pod rabbitmq-0; nodes that are named by
 * address are found by it. Null for a node that none of the members is.
 */
export function memberOfNode(node: string, members: readonly StoreMember[]): StoreMember | null {
  const host = node.slice(node.indexOf('@') + 1);
  return (
    members.find(({ name, address }) => host === name || host === address || host.startsWith(`${name}.`)) ??
    null
  );
}

/** Whether a queue of this type has a copy on several members, one of which leads. A classic queue has its only copy at its node. */
export function replicates({ type }: Pick<RabbitQueue, 'type'>): boolean {
  return type === 'quorum' || type === 'stream';
}

/** Where a queue lives: a quorum queue or stream at its leader, a classic queue at its only node. Null while nobody leads. */
export function leaderNodeOf(queue: RabbitQueue): string | null {
  const node = nodeIn(queue);
  return node === undefined || node === null || node === '' ? null : node;
}

function nodeIn({ type, leader, node }: RabbitQueue): string | null | undefined {
  if (type === 'stream') return leader ?? node;
  return type === 'quorum' ? leader : node;
}

/** A node's pod by name, also of one that is no member at the moment: its host's first label is the name of its pod. */
export function podOfNode(node: string, members: readonly StoreMember[]): string {
  const host = node.slice(node.indexOf('@') + 1);
  return memberOfNode(node, members)?.name ?? (isIP(host) === 0 ? (host.split('.')[0] ?? host) : node);
}
