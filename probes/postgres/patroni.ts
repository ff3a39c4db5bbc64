import { request } from 'node:http';
import { z } from 'zod';
import type { Bounds, StoreMember, StoreTarget } from '../store-driver.ts';

/** Patroni's REST API listens here unless configured otherwise (its documentation, "REST API"). */
const REST_PORT = 8008;
const declaredSchema = z.object({ patroni: z.object({ port: z.int() }) });
const MAX_ANSWER_BYTES = 1 << 20;

const clusterSchema = z.object({
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
}

/** The store's members with the port that the environment file declares for Patroni's REST API (`patroni.port`). */
export async function patroniMembers(target: StoreTarget): Promise<StoreMember[]> {
  const declared = declaredSchema.safeParse(target.connection.declared);
  const restPort = declared.success ? declared.data.patroni.port : REST_PORT;
  return (await target.members()).map((member): PatroniMember => ({ ...member, restPort }));
}

/** The cluster as Patroni's store (the DCS) has it now, told by one member. */
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
export function leaderOf(cluster: PatroniCluster): string | null {
  return (
    cluster.members.find((member) => member.role === 'leader' || member.role === 'standby_leader')?.name ??
    null
  );
}

/** Asks all members at once and takes the first answer. @throws Error with what each of them said */
export async function anyMember<T>(
  members: readonly StoreMember[],
  ask: (member: StoreMember) => Promise<T>,
): Promise<T> {
  if (members.length === 0) throw new Error('Patroni: no member has an address');
  try {
    return await Promise.any(members.map(ask));
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(String) : [String(error)];
    throw new Error(`Patroni: no member answered: ${reasons.join('; ')}`, { cause: error });
  }
}

/** A connection an answer: pooled ones to a member that is gone would be asked first. */
function getJson(member: PatroniMember, path: string, bounds: Bounds): Promise<unknown> {
  const port = member.restPort ?? REST_PORT;
  const where = `Patroni of ${member.name} (http://${member.address}:${port}${path})`;
  const signals = [
    AbortSignal.timeout(Math.max(1, bounds.deadlineMs)),
    ...(bounds.signal ? [bounds.signal] : []),
  ];
  return new Promise((resolve, reject) => {
    const fail = (what: unknown): void => {
      reject(new Error(`${where}: ${what instanceof Error ? what.message : String(what)}`, { cause: what }));
    };
    const asked = request(
      { host: member.address, port, path, agent: false, signal: AbortSignal.any(signals) },
      (answer) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > MAX_ANSWER_BYTES) asked.destroy(new Error(`more than ${MAX_ANSWER_BYTES} bytes`));
          else parts.push(part);
        });
        answer.on('error', fail);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          try {
            resolve(JSON.parse(text));
          } catch {
            fail(`status ${answer.statusCode}, not JSON: ${text.slice(0, 100)}`);
          }
        });
      },
    );
    asked.on('error', fail);
    asked.end();
  });
}
