import { z } from 'zod';
import { askHttp, jsonOf } from '../../../http.ts';
import type { HttpQuestion } from '../../../http.ts';
import { firstAnswer } from '../../../store/members.ts';
import type {
  Bounds,
  Credentials,
  Dial,
  StoreMember,
  StoreTarget,
  StoreTlsFiles,
} from '../../../store/store-driver.ts';

/** Patroni's REST API listens here unless configured otherwise (its documentation, "REST API"). */
const REST_PORT = 8008;
const declaredSchema = z.object({ patroni: z.object({ port: z.int(), tls: z.boolean().default(false) }) });

const clusterSchema = z.object({
  /** Present while it is in maintenance mode (its documentation, "REST API", GET /cluster). */
  pause: z.boolean().optional(),
  members: z.array(
    z.object({
      name: z.string(),
      role: z.string(),
      state: z.string().default('unknown'),
      timeline: z.union([z.number(), z.string()]).optional(),
    }),
  ),
});
const statusSchema = z.object({
  role: z.string(),
  state: z.string(),
  timeline: z.number().optional(),
  replication: z
    .array(
      z.object({
        application_name: z.string(),
        state: z.string().nullable(),
        sync_state: z.string().nullable(),
      }),
    )
    .default([]),
});
const configSchema = z.record(z.string(), z.unknown());

interface PatroniMember extends StoreMember {
  restPort?: number;
  tls?: StoreTlsFiles | undefined;
  dial?: Dial | undefined;
}

/** The store's members with the port that the environment file declares for Patroni's REST API (`patroni.port`). */
export async function patroniMembers(target: StoreTarget): Promise<StoreMember[]> {
  const declared = declaredSchema.safeParse(target.connection.declared);
  const { port: restPort, tls: encrypted } = declared.data?.patroni ?? { port: REST_PORT, tls: false };
  const { dial } = target.connection;
  const tls = encrypted ? target.connection.tls : undefined;
  return (await target.members()).map((member): PatroniMember => ({ ...member, restPort, tls, dial }));
}

/** The cluster as it is now in Patroni's store (the DCS), read through one member. */
export type PatroniCluster = z.infer<typeof clusterSchema>;
/** One member's view of itself; `replication` is filled on the leader, from pg_stat_replication. */
export type PatroniStatus = z.infer<typeof statusSchema>;

/** @throws Error that says which member, which path, and what it answered */
export async function patroniCluster(member: StoreMember, bounds: Bounds): Promise<PatroniCluster> {
  return clusterSchema.parse(await getJson(member, '/cluster', bounds));
}
/** @throws as `patroniCluster` */
export async function patroniStatus(member: StoreMember, bounds: Bounds): Promise<PatroniStatus> {
  return statusSchema.parse(await getJson(member, '/patroni', bounds));
}
/** The dynamic configuration, shared by all members. @throws as `patroniCluster` */
export async function patroniConfig(member: StoreMember, bounds: Bounds): Promise<Record<string, unknown>> {
  return configSchema.parse(await getJson(member, '/config', bounds));
}

/** Name of the member that holds the lease; null while nobody does. */
export function leaderOf(cluster: Pick<PatroniCluster, 'members'>): string | null {
  return (
    cluster.members.find((member) => member.role === 'leader' || member.role === 'standby_leader')?.name ??
    null
  );
}

/** Queries all members at once and takes the first answer. @throws Error with each member's error */
export async function anyMember<T>(
  members: readonly StoreMember[],
  ask: (member: StoreMember) => Promise<T>,
): Promise<T> {
  return firstAnswer('Patroni', members, ask);
}

/**
 * Orders a planned change of leader. Patroni answers when it is done or has failed, looking once a second for at most its ttl
 * (its documentation, "REST API", POST /switchover).
 * @returns the status and Patroni's sentence
 */
export async function patroniSwitchover(
  member: StoreMember,
  order: { leader: string; account: Credentials | null },
  bounds: Bounds,
): Promise<{ status: number; text: string }> {
  const { leader, account } = order;
  const question = questionOf(member, '/switchover');
  return askHttp({ ...question, method: 'POST', body: { leader }, account: account ?? undefined }, bounds);
}

async function getJson(member: StoreMember, path: string, bounds: Bounds): Promise<unknown> {
  const question = questionOf(member, path);
  return jsonOf(question, await askHttp(question, bounds));
}

function questionOf(member: PatroniMember, path: string): HttpQuestion {
  const { name, address: host, restPort: port = REST_PORT, tls, dial } = member;
  return { who: `Patroni of ${name}`, host, port, path, tls, dial };
}
