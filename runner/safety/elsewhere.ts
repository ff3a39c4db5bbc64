import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger.ts';
import { MIRROR_NAME } from './mirror.ts';
import type { MirroredEntry } from './mirror.ts';
import type { KubeCall, KubeReply, RestoreReport } from './types.ts';
import { undoKube } from './undo-kube.ts';
import type { KubeInverse } from './undo-kube.ts';

const CALL_TIMEOUT_MS = 5_000;
const ATTEMPTS = 3;
const AGAIN_AFTER_MS = 500;

/** What another machine had left open in this cluster: undone, or not, and what of it still stands in the mirror. */
export type LeftElsewhere = { readonly report: RestoreReport; readonly left: MirroredEntry[] };

/**
 * Undoes what a run on another machine has left in the cluster, by the mirror of its ledger: that machine may be gone for good. What
 * went another way than through the API server can be undone only there, and is reported as not undone until it is.
 * Never throws; a mirror that cannot be read is reported: nobody knows then what is open.
 */
export async function undoLeftElsewhere(options: {
  readonly kube: KubeCall;
  readonly namespace: string;
  readonly ledger: Ledger;
}): Promise<LeftElsewhere> {
  const { kube, namespace, ledger } = options;
  const read = await readMirror(kube, namespace);
  if ('failed' in read) return { report: { actions: 0, undone: [], failed: [read.failed] }, left: [] };
  const own = new Set(ledger.entries().map(({ seq, title, dueAt }) => `${seq} ${dueAt} ${title}`));
  const foreign = read.entries
    .filter(({ seq, title, dueAt }) => !own.has(`${seq} ${dueAt} ${title}`))
    .toSorted((a, b) => b.seq - a.seq);
  const undone: string[] = [];
  const failed: string[] = [];
  const left: MirroredEntry[] = [];
  for (const entry of foreign) {
    const { title, check, of = read.holder } = entry;
    const { failure, over, now } = await undoOne(entry, kube);
    if (now === true) undone.push(`${title} (${check}, of ${of})`);
    if (failure !== null) failed.push(`${title} (${check}, of ${of}): ${failure}`);
    if (!over) left.unshift({ ...entry, of });
  }
  return { report: { actions: foreign.length, undone, failed }, left };
}

/** `now`: undone by this call, not before. `over`: it will not be tried again, since it is undone or somebody else has changed what had been changed. */
async function undoOne(
  { inverse }: MirroredEntry,
  kube: KubeCall,
): Promise<{ failure: string | null; over: boolean; now?: boolean }> {
  if (typeof inverse !== 'object' || inverse === null || !('path' in inverse))
    return {
      failure: `it can be undone only where it was done: run \`plumbline restore\` there; when that is settled, take it out of the ConfigMap ${MIRROR_NAME}`,
      over: false,
    };
  try {
    const result = await undoKube(inverse as KubeInverse, kube, CALL_TIMEOUT_MS);
    const failure = result.outcome === 'conflict' ? result.note : null;
    return { failure, over: true, now: result.outcome === 'undone' };
  } catch (error) {
    return { failure: messageOf(error), over: false };
  }
}

type Read = { readonly entries: MirroredEntry[]; readonly holder: string } | { readonly failed: string };

async function readMirror(kube: KubeCall, namespace: string): Promise<Read> {
  const where = `the ConfigMap ${namespace}/${MIRROR_NAME}, which says what another machine has left open,`;
  const path = `/api/v1/namespaces/${namespace}/configmaps/${MIRROR_NAME}`;
  try {
    const reply = await answered(() => kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS }));
    if (reply.status === 404) return { entries: [], holder: '' };
    if (reply.status !== 200) return { failed: `${where} cannot be read: ${reply.status}` };
    const { entries = '[]', holder = 'another machine' } =
      (reply.body as { data?: { entries?: string; holder?: string } }).data ?? {};
    return { entries: JSON.parse(entries) as MirroredEntry[], holder };
  } catch (error) {
    return { failed: `${where} cannot be read: ${messageOf(error)}` };
  }
}

/** The Lease was just taken: the API server answers, but one of several may just have gone. */
async function answered(call: () => Promise<KubeReply>): Promise<KubeReply> {
  for (let attempt = 1; ; attempt++) {
    try {
      const reply = await call();
      if (reply.status < 500 || attempt === ATTEMPTS) return reply;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
    await sleep(AGAIN_AFTER_MS);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
