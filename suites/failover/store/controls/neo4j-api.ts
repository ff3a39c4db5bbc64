/** Reaches Neo4j independently of the harness: over its HTTP API, where the harness uses Bolt. */
import { memberSet } from '../../../_breaking/members.ts';
import { z } from 'zod';
import type { Stores } from '../../../../env/schema.ts';
import { heldTo, parseJson } from '../../../../host/json.ts';
import { askJson, declaredStore } from '../../../_breaking/accounts.ts';
import type { ControlContext } from '../../../harness/control.ts';
import type { StoredWrite } from './every-store.ts';

const HTTP_PORT = 7474;
const CANARY = 'PlumblineCanary';

export function declaredNeo4j(ctx: ControlContext): NonNullable<Stores['neo4j']> {
  return declaredStore(ctx, 'neo4j');
}

/** As much of the answer of the query API (v2) as is read. */
const rows = z.object({ data: z.object({ values: z.array(z.array(z.unknown())) }) });

/**
 * One statement in a transaction of its own, through the address of applications or, where one is given, at a server's own.
 * @returns the rows, each a list of values
 * @throws Error with the server's words, or when there is no answer
 */
export async function cypher(
  ctx: ControlContext,
  statement: string,
  parameters: Record<string, unknown> = {},
  at?: string,
): Promise<unknown[][]> {
  const declared = declaredNeo4j(ctx);
  const { primary, database } = declared;
  const { status, text } = await askJson(
    ctx,
    { url: `http://${at ?? primary.host}:${HTTP_PORT}`, declared },
    { method: 'POST', path: `/db/${database}/query/v2`, body: { statement, parameters } },
  );
  if (status < 200 || status > 299) throw new Error(`Neo4j: ${status} ${text.slice(0, 300)}`);
  return heldTo(rows, parseJson(text), 'Neo4j').data.values;
}

/** The only server, as its pod says. */
export interface Server {
  /** Another one after each start. */
  life: string;
  /** Its own address, at which it answers before it is ready and its Service leads to it. */
  address: string;
}

/** Null while it does not run. */
export async function serverOf(ctx: ControlContext): Promise<Server | null> {
  const { container } = declaredNeo4j(ctx);
  const { namespace, name } = memberSet(ctx, 'neo4j');
  const pod = await ctx.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: `${name}-0` });
  const { podIP, containerStatuses = [] } = pod?.status ?? {};
  const found = containerStatuses.find((one) => one.name === container);
  if (podIP === undefined || found?.containerID === undefined || found.state?.running === undefined)
    return null;
  return { life: found.containerID, address: podIP };
}

/** The write of the newest run with the highest number; null while there is none. */
export async function newestWrite(ctx: ControlContext): Promise<StoredWrite | null> {
  const [row] = await cypher(
    ctx,
    `MATCH (r:PlumblineRun) WITH r ORDER BY r.at DESC LIMIT 1
     MATCH (w:${CANARY}) WHERE w.run = r.run AND w.n > 0 RETURN r.run, max(w.n)`,
  );
  return row === undefined ? null : { run: String(row[0]), n: Number(row[1]) };
}

/** @throws Error when it is not there exactly once */
export async function removeWrite(ctx: ControlContext, write: StoredWrite): Promise<void> {
  await onlyOnce(ctx, write);
  await cypher(ctx, `MATCH (w:${CANARY}) WHERE w.run = $run AND w.n = $n DELETE w`, { ...write });
}

/** @throws Error when it is not there exactly once */
export async function doubleWrite(ctx: ControlContext, write: StoredWrite): Promise<void> {
  await onlyOnce(ctx, write);
  await cypher(ctx, `CREATE (:${CANARY} {run: $run, n: $n})`, { ...write });
}

async function onlyOnce(ctx: ControlContext, { run, n }: StoredWrite): Promise<void> {
  const [row] = await cypher(ctx, `MATCH (w:${CANARY}) WHERE w.run = $run AND w.n = $n RETURN count(w)`, {
    run,
    n,
  });
  if (row?.[0] !== 1)
    throw new Error(`expected write ${n} once in ${run}, found it ${String(row?.[0])} times`);
}

/** How many different numbers up to `upTo` each run has. */
export async function countsByRun(
  ctx: ControlContext,
  upTo: number,
): Promise<{ run: string; count: number }[]> {
  const counted = await cypher(
    ctx,
    `MATCH (w:${CANARY}) WHERE w.n <= $upTo RETURN w.run, count(DISTINCT w.n)`,
    {
      upTo,
    },
  );
  return counted.map(([run, count]) => ({ run: String(run), count: Number(count) }));
}
