/** Controls of Elasticsearch: those of every store, data that exists once, and an index that is gone. */
import { z } from 'zod';
import { memberPods, memberSet } from '../../../_breaking/members.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';
import { ask, servicePlace } from '../../../../probes/elasticsearch/api.ts';
import type { Question } from '../../../../probes/elasticsearch/api.ts';
import { ElasticsearchRefusal } from '../../../../probes/elasticsearch/errors.ts';
import { declaredStore, oneAnswer } from '../../../_breaking/accounts.ts';
import { beside, everyStoreControls, LATE_VICTIM } from './every-store.ts';
import type { StoredWrite, Tampering } from './every-store.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

const WRITES_FLOW_MS = 120_000;
const BACK_MS = 180_000;
/** By then writes are certainly acknowledged. */
const ENOUGH = 300;
const CANARY = 'plumbline-canary';
const VECTORS = 'plumbline-vectors';
/** From the start of the check to its fault: the wait for a steady state, the data, the questions. */
const CRASH_MS = 240_000;
/**
 * The check waits this long after its fault before it queries: kubelet needs some 3 s to restart a server, the store as long to elect a
 * leader.
 */
const ASKED_AFTER_MS = 30_000;
/** A store that has just lost its master refuses until it has another one. */
const DROPPED_MS = 60_000;
/**
 * Overrides the environment's usual few seconds before the fault: the break must be complete by then, and each search for the newest
 * write needs a refresh.
 */
const STEADY_BEFORE_MS = 10_000;

/** As much of a control's context as a request takes. */
type Asking = Pick<ControlContext, 'store' | 'signal'>;

/** The write that was acknowledged last, of whatever run, is the newest. */
export const tampering: Tampering = {
  newest: async (ctx) => {
    try {
      const sort = [{ at: 'desc' }, { n: 'desc' }];
      const { hits } = await canaryWrites(ctx, { query: { match_all: {} }, sort });
      return hits[0]?._source ?? null;
    } catch (error) {
      if (error instanceof ElasticsearchRefusal && error.status === 404) return null;
      throw error;
    }
  },
  remove: async (ctx, write) => {
    const id = await onlyOne(ctx, write);
    await order(ctx, { method: 'DELETE', path: `/${CANARY}/_doc/${id}?refresh=true` });
  },
  double: async (ctx, { run, n }) => {
    await onlyOne(ctx, { run, n });
    const body = { run, n, at: Date.now() };
    await order(ctx, { method: 'POST', path: `/${CANARY}/_doc?refresh=true`, body });
  },
};

export const controls: readonly Control[] = [
  ...everyStoreControls({
    store: 'elasticsearch',
    ...tampering,
    victim: LATE_VICTIM,
  }),
  ...controlsFor('failover/elasticsearch/pod-delete', {
    'no-replicas': {
      title: 'the index has no replicas, and the volume of its only copy is deleted with the pod',
      seen: /lost/,
      settings: {
        settings: {
          clientLoad: { index: { replicas: 0 } },
          failover: { steadyBeforeMs: STEADY_BEFORE_MS },
        },
      },
      break: async (ctx) => {
        await dropWhenOver(ctx);
        await beside(ctx, () => loseOnlyCopy(ctx));
      },
      verify: countAndDrop,
    },
  }),
  ...controlsFor('failover/query/vector', {
    'index-lost': {
      title: 'the index that was searched is deleted while its leader crashes',
      seen: /missing/,
      settings: { settings: { query: { askAfterMs: ASKED_AFTER_MS } } },
      break: (ctx) => beside(ctx, () => deleteIndex(ctx)),
    },
  }),
];

interface Routing {
  nodes: Record<string, { name: string }>;
  routing_table: {
    indices: Record<
      string,
      { shards: Record<string, { node: string | null; primary: boolean; state: string }[]> }
    >;
  };
}

/** Node that holds the canary's primary shard, or the shard's state while it is unassigned. */
async function primary(
  ctx: ControlContext,
): Promise<{ node: string | null; state: string; names: string[] }> {
  const path = `/_cluster/state/nodes,routing_table/${CANARY}`;
  const { nodes, routing_table: table } = await order<Routing>(ctx, { path });
  const found = table.indices[CANARY]?.shards['0']?.find((one) => one.primary);
  return {
    node: nodes[found?.node ?? '']?.name ?? null,
    state: found?.state ?? 'absent',
    names: Object.values(nodes).map(({ name }) => name),
  };
}

/**
 * While writes flow, the claim of the only member with the data is marked for deletion; Kubernetes deletes it once the check's own
 * fault has removed the pod. When the member is back with an empty volume, an empty copy is allocated, as by an operator who gives up
 * the data: only then can the loss be counted.
 */
async function loseOnlyCopy(ctx: ControlContext): Promise<void> {
  const before = (await tampering.newest(ctx))?.run;
  await ctx.until(
    `${ENOUGH} writes of a new run`,
    async () => {
      const newest = await tampering.newest(ctx);
      return newest !== null && newest.run !== before && newest.n >= ENOUGH ? newest : null;
    },
    { timeoutMs: WRITES_FLOW_MS },
  );
  const { node } = await primary(ctx);
  if (node === null) throw new Error('the canary has no primary');
  const { namespace } = memberSet(ctx, 'elasticsearch');
  await ctx.delete({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: `data-${node}` });
  ctx.log(`no replicas; claim data-${node} is deleted with its pod`);
  await ctx.until(
    `${node} to be back without data`,
    async () => {
      const seen = await primary(ctx);
      return seen.state === 'UNASSIGNED' && seen.names.includes(node) ? true : null;
    },
    { timeoutMs: BACK_MS, everyMs: 500 },
  );
  const command = { index: CANARY, shard: 0, node, accept_data_loss: true };
  const body = { commands: [{ allocate_empty_primary: command }] };
  await order(ctx, { method: 'POST', path: '/_cluster/reroute?metric=none', body });
  ctx.log(`an empty copy was allocated on ${node}`);
}

/**
 * The check searches, then crashes a server with its fault. The index is deleted as soon as that restart is seen, and before the check
 * queries again.
 */
async function deleteIndex(ctx: ControlContext): Promise<void> {
  const before = await lives(ctx);
  await ctx.until(
    'one of the servers to be started again',
    async () => ((await lives(ctx)) === before ? null : true),
    { timeoutMs: CRASH_MS, everyMs: 200 },
  );
  await droppedWithin(ctx, VECTORS);
  ctx.log(`${VECTORS} is deleted`);
}

/** Every server that runs, with the container that it is in now. */
async function lives(ctx: ControlContext): Promise<string> {
  const { container } = declaredStore(ctx, 'elasticsearch');
  const found = (await memberPods(ctx, 'elasticsearch')).map((pod) => {
    const { containerStatuses = [] } = pod.status;
    const server = containerStatuses.find((one) => one.name === container);
    return `${pod.metadata.name} ${server?.containerID ?? 'none'}`;
  });
  return found.sort().join(', ');
}

/** Tried again while the check's own crash keeps the store from answering. */
function droppedWithin(ctx: ControlContext, index: string): Promise<true> {
  return ctx.until(`the index ${index} to be gone`, () => dropIndex(ctx, index), { timeoutMs: DROPPED_MS });
}

/**
 * Other checks read the settings of the canary's index, so it must not stay without replicas until the next client load: it is dropped
 * even if the check's verdict is unexpected and `verify` does not run.
 */
async function dropWhenOver(ctx: ControlContext): Promise<void> {
  const target = await ctx.store('elasticsearch');
  const after = { store: () => Promise.resolve(target), signal: new AbortController().signal };
  ctx.signal.addEventListener(
    'abort',
    () => {
      dropUnreplicated(after).catch((error: unknown) =>
        ctx.log(`${CANARY} is left without replicas: ${errorText(error)}`),
      );
    },
    { once: true },
  );
}

/** Drops the index only if it is still without replicas: the next control may already write to a new one. */
async function dropUnreplicated(ctx: Asking): Promise<void> {
  try {
    const json = await order<unknown>(ctx, { path: `/${CANARY}/_settings?flat_settings=true` });
    if (replicasIn(json) !== '0') return;
  } catch (error) {
    if (!(error instanceof ElasticsearchRefusal)) throw error;
    if (error.status === 404) return;
  }
  if ((await dropIndex(ctx, CANARY)) === null) throw new Error('the store refused to delete it');
}

const flatSettings = z.record(
  z.string(),
  z.object({ settings: z.object({ 'index.number_of_replicas': z.string().optional() }).optional() }),
);

/** The number of replicas in the answer to a question for flat settings; null when it does not say. */
export function replicasIn(answer: unknown): string | null {
  const found = flatSettings.safeParse(answer).data;
  return found?.[CANARY]?.settings?.['index.number_of_replicas'] ?? null;
}

async function countAndDrop(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  try {
    return await countLostIndependently(ctx, judgement);
  } finally {
    await droppedWithin(ctx, CANARY);
  }
}

/** The record's counts must equal the index's own; every write acknowledged before the loss must be called lost. */
async function countLostIndependently(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const writes = judgement.trials?.[0]?.writes;
  if (!writes) return 'the trial has no counts of writes';
  const newest = await tampering.newest(ctx);
  if (newest === null) return 'the index is gone';
  await order(ctx, { method: 'POST', path: `/${CANARY}/_refresh` });
  const filter = [{ term: { run: newest.run } }, { range: { n: { lte: writes.scheduled } } }];
  const { count: counted } = await order<{ count: number }>(ctx, {
    method: 'POST',
    path: `/${CANARY}/_count`,
    body: { query: { bool: { filter } } },
  });
  const { lost, ok, present, recovered, unexpected } = writes;
  if (lost < ENOUGH) return `expected at least ${ENOUGH} acknowledged writes lost, the record says ${lost}`;
  if (counted !== present + recovered + unexpected)
    return `the record counts ${present + recovered + unexpected} writes in the store, Elasticsearch counts ${counted}`;
  return ok - present === lost
    ? null
    : `${ok} acknowledged − ${present} present is not the ${lost} lost of the record`;
}

/** One request at the address of applications. @throws ElasticsearchRefusal, or Error when there is no answer */
async function order<T>(ctx: Asking, question: Question): Promise<T> {
  const { connection } = await ctx.store('elasticsearch');
  return ask<T>(servicePlace(connection), question, oneAnswer(ctx));
}

/** True when the index is not there any more; null when the store refused. @throws Error when there is no answer */
async function dropIndex(ctx: Asking, index: string): Promise<true | null> {
  try {
    await order(ctx, { method: 'DELETE', path: `/${index}` });
    return true;
  } catch (error) {
    if (error instanceof ElasticsearchRefusal) return error.status === 404 ? true : null;
    throw error;
  }
}

interface Found {
  total: { value: number };
  hits: { _id: string; _source: StoredWrite }[];
}

/** Documents of the canary as a search finds them now, made visible before; the first of them, and how many there are. */
async function canaryWrites(ctx: Asking, search: { query: unknown; sort?: unknown }): Promise<Found> {
  await order(ctx, { method: 'POST', path: `/${CANARY}/_refresh` });
  const body = { ...search, size: 1, _source: ['run', 'n'], track_total_hits: true };
  return (await order<{ hits: Found }>(ctx, { method: 'POST', path: `/${CANARY}/_search`, body })).hits;
}

/** Its id. @throws Error when the write is not there exactly once */
async function onlyOne(ctx: Asking, { run, n }: StoredWrite): Promise<string> {
  const query = { bool: { filter: [{ term: { run } }, { term: { n } }] } };
  const { total, hits } = await canaryWrites(ctx, { query });
  const [hit] = hits;
  if (total.value !== 1 || hit === undefined)
    throw new Error(`expected write ${n} once in ${run}, found it ${total.value} times`);
  return hit._id;
}
