/**
 * The timer in the cluster: runs in the undo Job, beside `undo-kube.ts`, and has no other imports. It undoes entries of the mirror when
 * they are due, or when the Lease was not renewed for `GRACE_MS` by this pod's clock: the holder is gone, and no new run came.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { fitsKubeRollback, saidIn, seenAt, textAt, undoKube } from './undo-kube.ts';
import type { KubeCall, KubeRollback } from './undo-kube.ts';

/** 15 s until the Lease expires, 15 s for a new run to start, which restores with more care. */
const GRACE_MS = 30_000;
const LOOK_EVERY_MS = 2_000;
/** Failed steps are retried at intervals that grow up to this, without end. */
const LOOK_AT_LEAST_EVERY_MS = 60_000;
const CALL_TIMEOUT_MS = 5_000;
/** Annotation of the Lease: the monotonic clock of its holder when it was renewed, ms. */
export const CLOCK = 'plumbline.dev/clock-ms';
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** `dueAfterMs` is a duration: the writer's clock is not this pod's. `bornMs`: when it was written, by that clock; NaN: not said. */
type Mirrored = {
  id: string;
  seq: number;
  title: string;
  bornMs: number;
  dueAfterMs: number;
  rollback: KubeRollback;
};
/** `raw`: as listed, to be written back. */
type Listed = { raw: unknown; mine: Mirrored | null };

/** Watches how long the Lease has been the same. */
export class LeaseWatch {
  #seen = '';
  #sinceMs = 0;

  /** @param text identifies the last renewal. Returns how long ago it was first seen, in ms. */
  unchangedForMs(text: string, nowMs: number): number {
    if (text !== this.#seen) {
      this.#seen = text;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs;
  }
}

/** How long each entry has been in the mirror: by this pod's own clock, and before its first look by that of the holder. */
export class Ages {
  readonly #firstMs = new Map<string, number>();

  /**
   * A pod that takes the place of another one counts on: the holder's clock wrote both times that it compares.
   * @param renewedMs when the holder last renewed the Lease, by its clock; NaN: not said
   * @returns the age of each, in ms; what is no longer listed is forgotten
   */
  of(
    entries: readonly Pick<Mirrored, 'id' | 'bornMs'>[],
    nowMs: number,
    renewedMs: number,
  ): ReadonlyMap<string, number> {
    const first = new Map(
      entries.map(({ id, bornMs }) => [
        id,
        this.#firstMs.get(id) ?? nowMs - (Math.max(0, renewedMs - bornMs) || 0),
      ]),
    );
    this.#firstMs.clear();
    for (const [id, firstMs] of first) this.#firstMs.set(id, firstMs);
    return new Map([...first].map(([id, firstMs]) => [id, nowMs - firstMs]));
  }
}

/** The entries to undo now, last first: all when the holder is gone, else those that are due. */
export function toUndo(
  entries: readonly Mirrored[],
  abandoned: boolean,
  ages: ReadonlyMap<string, number>,
): Mirrored[] {
  return entries
    .filter(({ id, dueAfterMs }) => abandoned || (ages.get(id) ?? 0) >= dueAfterMs)
    .toSorted((a, b) => b.seq - a.seq);
}

/**
 * Calls to the API server from a pod. Token and authority are read every time: they are renewed on disk. The authority may be an intermediate one
 * (kubeadm with an external root), which `fetch` does not trust.
 * @param account folder of the service account
 */
export function inClusterCall(account = ACCOUNT): KubeCall {
  const host = process.env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = process.env['KUBERNETES_SERVICE_PORT'] ?? '443';
  return async ({ method, path, body, contentType, timeoutMs }) => {
    const token = readFileSync(`${account}/token`, 'utf8').trim();
    const ca = readFileSync(`${account}/ca.crt`);
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': contentType ?? 'application/json',
      ...(sent !== undefined && { 'content-length': Buffer.byteLength(sent) }),
    };
    const where = { host, port, path, method, headers };
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      httpsRequest({ ...where, ca, allowPartialTrustChain: true, signal }, resolve)
        .on('error', reject)
        .end(sent);
    });
    let text = '';
    for await (const part of reply.setEncoding('utf8')) text += String(part);
    return { status: reply.statusCode ?? 0, body: text.startsWith('{') ? parsed(text) : text };
  };
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}

/**
 * One look at Lease and mirror. `over`: nobody holds the environment, and nothing is left for this timer to undo; `in vain`: something
 * could not be undone.
 */
export async function lookOnce(
  call: KubeCall,
  namespace: string,
  { watch, ages }: { watch: LeaseWatch; ages: Ages },
): Promise<'go on' | 'in vain' | 'over'> {
  const { abandoned, renewedMs } = await readLease(call, namespace, watch);
  const { listed, resourceVersion } = await readMirror(call, namespace);
  const mine = listed.map((one) => one.mine).filter((one) => one !== null);
  const entries = toUndo(mine, abandoned, ages.of(mine, performance.now(), renewedMs));
  const settled = new Set<Mirrored>();
  for (const entry of entries) if (await undoLogged(entry.title, entry.rollback, call)) settled.add(entry);
  const inVain = settled.size < entries.length;
  if (!abandoned) return inVain ? 'in vain' : 'go on';
  // Runs on other machines wait until nothing is listed. While somebody holds the environment, only the holder writes the list.
  const left = listed.filter(({ mine: one }) => one === null || !settled.has(one)).map(({ raw }) => raw);
  const rewritten = settled.size === 0 || (await rewrite(call, namespace, { left, resourceVersion }));
  return inVain || !rewritten ? 'in vain' : 'over';
}

async function readLease(
  call: KubeCall,
  namespace: string,
  watch: LeaseWatch,
): Promise<{ abandoned: boolean; renewedMs: number }> {
  const lease = await read(call, `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/plumbline`);
  const holder = textAt(lease, 'spec', 'holderIdentity') ?? '';
  const renewTime = textAt(lease, 'spec', 'renewTime') ?? '';
  const unchangedMs = watch.unchangedForMs(`${holder} ${renewTime}`, performance.now());
  return {
    abandoned: unchangedMs >= GRACE_MS,
    renewedMs: Number(textAt(lease, 'metadata', 'annotations', CLOCK) ?? NaN),
  };
}

/**
 * An object, or null where there is none.
 * @throws Error for every other answer: a refusal does not say that nobody holds the environment, or that nothing is open
 */
async function read(call: KubeCall, path: string): Promise<unknown> {
  const { status, body } = await call({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  if (status === 404) return null;
  if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${saidIn(body).slice(0, 300)}`);
  return body;
}

async function readMirror(
  call: KubeCall,
  namespace: string,
): Promise<{ listed: Listed[]; resourceVersion: string | undefined }> {
  const body = await read(call, mirrorPath(namespace));
  const entries = parsed(textAt(body, 'data', 'entries') ?? '[]');
  if (!Array.isArray(entries))
    throw new Error(
      'the copy of the rollback journal in the cluster (ConfigMap plumbline-journal) holds no list of entries',
    );
  const listed = entries.map((raw: unknown, i) => ({ raw, mine: mirroredOf(raw, i) }));
  return { listed, resourceVersion: textAt(body, 'metadata', 'resourceVersion') };
}

/** An entry that this timer can undo; null for one that only a machine can undo, and for an unreadable one, which is logged. */
function mirroredOf(raw: unknown, i: number): Mirrored | null {
  const rollback = seenAt(raw, 'rollback');
  const kind = textAt(rollback, 'kind');
  if (kind !== undefined && !kind.startsWith('kube-')) return null;
  const id = textAt(raw, 'id');
  if (id === undefined || !fitsKubeRollback(rollback)) {
    sayOnce(
      `entry ${i + 1} of the mirror cannot be read and stays listed: ${JSON.stringify(raw).slice(0, 300)}`,
    );
    return null;
  }
  return {
    id,
    rollback,
    title: textAt(raw, 'title') ?? id,
    // Without a duration it is undone once nobody holds the environment.
    seq: numberAt(raw, 'seq') ?? 0,
    bornMs: numberAt(raw, 'bornMs') ?? NaN,
    dueAfterMs: numberAt(raw, 'dueAfterMs') ?? Infinity,
  };
}

function numberAt(raw: unknown, key: string): number | null {
  const value = seenAt(raw, key);
  return typeof value === 'number' ? value : null;
}

const said = new Set<string>();
function sayOnce(line: string): void {
  if (said.has(line)) return;
  said.add(line);
  console.error(line);
}

/** @returns false when it was not written, such as after a concurrent write: read the mirror again */
async function rewrite(
  call: KubeCall,
  namespace: string,
  { left, resourceVersion }: { left: readonly unknown[]; resourceVersion: string | undefined },
): Promise<boolean> {
  const { status } = await call({
    method: 'PATCH',
    path: mirrorPath(namespace),
    contentType: 'application/merge-patch+json',
    body: { metadata: { resourceVersion }, data: { entries: JSON.stringify(left) } },
    timeoutMs: CALL_TIMEOUT_MS,
  });
  return status === 200;
}

function mirrorPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps/plumbline-journal`;
}

async function undoLogged(title: string, rollback: KubeRollback, call: KubeCall): Promise<boolean> {
  try {
    const result = await undoKube(rollback, call, CALL_TIMEOUT_MS);
    if (result.outcome !== 'already')
      console.log(`${title}: ${result.outcome}${'note' in result ? `: ${result.note}` : ''}`);
    return true;
  } catch (error) {
    console.error(`${title}: ${String(error)}`);
    return false;
  }
}

/** @param lookedFile exists from the first look that was answered on: only then is the pod Ready, and an action may begin */
async function main(namespace: string, lookedFile: string | undefined): Promise<void> {
  const call = inClusterCall();
  const state = { watch: new LeaseWatch(), ages: new Ages() };
  for (let inVain = 0; ;) {
    try {
      const came = await lookOnce(call, namespace, state);
      if (lookedFile !== undefined) writeFileSync(lookedFile, '');
      if (came === 'over') return;
      inVain = came === 'in vain' ? inVain + 1 : 0;
    } catch (error) {
      inVain++;
      console.error(String(error));
    }
    await sleep(Math.min(LOOK_EVERY_MS * 2 ** Math.min(inVain, 10), LOOK_AT_LEAST_EVERY_MS));
  }
}

if (process.env['PLUMBLINE_UNDO_NAMESPACE'] !== undefined)
  await main(process.env['PLUMBLINE_UNDO_NAMESPACE'], process.env['PLUMBLINE_UNDO_LOOKED']);
