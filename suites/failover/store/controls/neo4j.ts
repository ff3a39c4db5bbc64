/** Controls of Neo4j: those of every store, data that does not outlive its pod, a graph and an index that are gone. */
import { memberSet, memberSetRef } from '../../../_breaking/members.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { beside, cordonNodes, everyStoreControls, LATE_VICTIM } from './every-store.ts';
import { countsByRun, cypher, doubleWrite, newestWrite, removeWrite, serverOf } from './neo4j-api.ts';
import type { Server } from './neo4j-api.ts';
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

const askedLate = { settings: { query: { askAfterMs: ASKED_AFTER_MS } } };

export const controls: readonly Control[] = [
  ...everyStoreControls({
    store: 'neo4j',
    newest: newestWrite,
    remove: removeWrite,
    double: doubleWrite,
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
  const [row] = await cypher(ctx, 'MATCH (n) RETURN count(n)');
  return row?.[0] === 0 ? true : null;
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
  const runs = await countsByRun(ctx, scheduled);
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
        await cypher(ctx, statement, {}, server.address);
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
