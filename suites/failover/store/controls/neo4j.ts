/** Controls of Neo4j: those of every store, data that does not outlive its pod, a graph and an index that are gone. */
import { int } from 'neo4j-driver';
import { connectionOf } from '../../../../probes/neo4j/ask.ts';
import type { Row } from '../../../../probes/neo4j/bolt.ts';
import { queryOnce } from '../../../../probes/neo4j/query.ts';
import type { StoreMember } from '../../../../probes/store/store-driver.ts';
import { declaredStore, oneAnswer } from '../../../_breaking/accounts.ts';
import { memberSet, memberSetRef } from '../../../_breaking/members.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { beside, cordonNodes, everyStoreControls, LATE_VICTIM } from './every-store.ts';
import type { StoredWrite, Tampering } from './every-store.ts';
import { required } from '../../../_breaking/objects.ts';

const DATA = '/data';
const FLEETING = 'fleeting';
/** Start of a server with nothing to recover, on a busy machine. */
const START_MS = 120_000;
/** From the start of the check to its fault: the wait for a steady state, the data, the questions. */
const CRASH_MS = 240_000;
/**
 * The check waits this long after its fault before it queries: several times the 8 s that a server with a small graph needs to restart
 * on an idle machine, so the break happens before.
 */
const ASKED_AFTER_MS = 45_000;
/** As many writes as are acknowledged before a fault is injected. */
const ENOUGH = 100;
const GRAPH = 'PlumblineGraph';
const CANARY = 'PlumblineCanary';
const IS_IT = `(w:${CANARY}) WHERE w.run = $run AND w.n = $n`;

export const tampering: Tampering = {
  newest: async (ctx) => {
    const [found] = await cypher<StoredWrite & Row>(
      ctx,
      `MATCH (r:PlumblineRun) WITH r ORDER BY r.at DESC LIMIT 1
       MATCH (w:${CANARY}) WHERE w.run = r.run AND w.n > 0 RETURN r.run AS run, max(w.n) AS n`,
    );
    return found ?? null;
  },
  remove: (ctx, write) => once(ctx, write, `MATCH ${IS_IT} DELETE w RETURN 1`),
  double: (ctx, write) => once(ctx, write, `MATCH ${IS_IT} CREATE (:${CANARY} {run: $run, n: $n}) RETURN 1`),
};

const askedLate = { settings: { query: { askAfterMs: ASKED_AFTER_MS } } };

export const controls: readonly Control[] = [
  ...everyStoreControls({
    store: 'neo4j',
    ...tampering,
    victim: LATE_VICTIM,
    // One member has no majority: its only pod is the check's own target.
    neverBack: { title: 'the only pod is deleted, and no node accepts the new one', break: cordonNodes },
  }),
  ...controlsFor('failover/neo4j/pod-delete', {
    'empty-dir': {
      title: 'the data is on an emptyDir, which is deleted with the pod',
      seen: /lost/,
      break: dataOnEmptyDir,
      verify: countLostIndependently,
    },
  }),
  ...controlsFor('failover/query/graph', {
    'graph-lost': {
      title: 'the graph is deleted as soon as its server is back from the crash',
      seen: /missing/,
      settings: askedLate,
      break: (ctx) => breakAfterCrash(ctx, `MATCH (p:${GRAPH}) DETACH DELETE p`),
    },
    'index-lost': {
      title: "the graph's index is dropped as soon as its server is back from the crash",
      seen: /missing/,
      settings: askedLate,
      break: (ctx) => breakAfterCrash(ctx, 'DROP INDEX plumbline_graph IF EXISTS'),
    },
  }),
];

/** The claim stays, and is mounted again when the template is put back. */
async function dataOnEmptyDir(ctx: ControlContext): Promise<void> {
  const ref = memberSetRef(ctx, 'neo4j');
  const { containers, volumes = [] } = (await required(ctx, ref)).spec.template.spec;
  const changed = containers.map((container) => ({
    ...container,
    volumeMounts: (container.volumeMounts ?? []).map((mount) =>
      mount.mountPath === DATA ? { ...mount, name: FLEETING } : mount,
    ),
  }));
  const spec = { containers: changed, volumes: [...volumes, { name: FLEETING, emptyDir: {} }] };
  await ctx.patch(ref, { spec: { template: { spec } } });
  await ctx.until('Neo4j to run with its data on an emptyDir', () => emptyAndReady(ctx), {
    timeoutMs: START_MS,
  });
}

async function emptyAndReady(ctx: ControlContext): Promise<true | null> {
  const { namespace, name } = memberSet(ctx, 'neo4j');
  const pod = await ctx.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: `${name}-0` });
  const volumes = pod?.spec.volumes ?? [];
  if (!volumes.some((volume) => volume.name === FLEETING)) return null;
  const [row] = await cypher<{ count: number }>(ctx, 'MATCH (n) RETURN count(n) AS count');
  return row?.count === 0 ? true : null;
}

/**
 * Everything in the store was written after the fault: all writes acknowledged before must be called lost, and the number present must
 * equal Neo4j's own count.
 */
async function countLostIndependently(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const writes = judgement.trials?.[0]?.writes;
  if (!writes) return 'the trial has no counts of writes';
  const { lost, ok, present, recovered, unexpected, scheduled } = writes;
  if (lost < ENOUGH) return `expected at least ${ENOUGH} acknowledged writes lost, the record says ${lost}`;
  const runs = await cypher<{ count: number }>(
    ctx,
    `MATCH (w:${CANARY}) WHERE w.n <= ${scheduled} RETURN w.run, count(DISTINCT w.n) AS count`,
  );
  const counted = present + recovered + unexpected;
  const seen = runs.map(({ count }) => count);
  if (seen.length !== 1 || seen[0] !== counted)
    return `the record counts ${counted} writes in the store, Neo4j counts ${seen.join(', ') || 'none'}`;
  return ok - present === lost
    ? null
    : `${ok} acknowledged − ${present} present is not the ${lost} lost of the record`;
}

/**
 * The check queries, then restarts the server with its fault. The new server is broken as soon as it answers at its own address;
 * through the Service it would race with the check, which waits there too.
 */
async function breakAfterCrash(ctx: ControlContext, statement: string): Promise<void> {
  const before = await ctx.until('the server to run', () => serverOf(ctx), { timeoutMs: START_MS });
  return beside(ctx, async () => {
    const crashed = { timeoutMs: CRASH_MS, everyMs: 200 };
    await ctx.until('the server to be started again', () => successor(ctx, before), crashed);
    await ctx.until(
      'the server to be hit at its own address',
      async () => {
        const server = await successor(ctx, before);
        if (server === null) return null;
        await cypher(ctx, statement, {}, { name: 'the server', address: server.address });
        return true;
      },
      { timeoutMs: START_MS, everyMs: 200 },
    );
    ctx.log(`run on the server while the check waits: ${statement}`);
  });
}

/** The restarted server; null until it has started. */
async function successor(ctx: ControlContext, before: Server): Promise<Server | null> {
  const server = await serverOf(ctx);
  return server === null || server.life === before.life ? null : server;
}

/** One statement in a transaction of its own, at the address of applications or, where one is given, at a member's own. */
async function cypher<R extends Row>(
  ctx: ControlContext,
  query: string,
  parameters: Row = {},
  member?: StoreMember,
): Promise<R[]> {
  const target = await ctx.store('neo4j');
  const connection = member === undefined ? target.connection : connectionOf(target, member);
  return queryOnce<R>(connection, { query, parameters }, oneAnswer(ctx));
}

async function once(ctx: ControlContext, { run, n }: StoredWrite, query: string): Promise<void> {
  const { length } = await cypher(ctx, query, { run, n: int(n) });
  if (length !== 1) throw new Error(`expected write ${n} once in ${run}, found it ${length} times`);
}

/** The only server, as its pod says. */
interface Server {
  /** Another one after each start. */
  life: string;
  /** Its own address, at which it answers before it is ready and its Service leads to it. */
  address: string;
}

/** Null while it does not run. */
async function serverOf(ctx: ControlContext): Promise<Server | null> {
  const { container } = declaredStore(ctx, 'neo4j');
  const { namespace, name } = memberSet(ctx, 'neo4j');
  const pod = await ctx.get({ apiVersion: 'v1', kind: 'Pod', namespace, name: `${name}-0` });
  const { podIP, containerStatuses = [] } = pod?.status ?? {};
  const found = containerStatuses.find((one) => one.name === container);
  if (podIP === undefined || found?.containerID === undefined || found.state?.running === undefined)
    return null;
  return { life: found.containerID, address: podIP };
}
