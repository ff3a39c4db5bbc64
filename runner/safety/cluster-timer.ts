/**
 * The timer in the cluster: runs in the undo Job, beside `undo-kube.ts`, and has no other imports. It undoes what the
 * mirror of the ledger holds when an entry is due, or when the Lease has not been renewed for a while by this pod's own
 * clock: nobody holds the environment any more, and no next start came.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { undoKube } from './undo-kube.ts';
import type { KubeCall, KubeInverse } from './undo-kube.ts';

/** The Lease lasts 15 s; as much again for a next start, which restores with more care. */
const GRACE_MS = 30_000;
const LOOK_EVERY_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

type Mirrored = { seq: number; title: string; dueAt: string; inverse: { kind: string } };

/** Watches how long the Lease has been the same. */
export class LeaseWatch {
  #seen = '';
  #sinceMs = 0;

  /** @param text what identifies the last renewal. Returns for how long it has been the last, in ms. */
  unchangedForMs(text: string, nowMs: number): number {
    if (text !== this.#seen) {
      this.#seen = text;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs;
  }
}

/** The entries to undo now, last first: all when the holder is gone, else those that are due. */
export function toUndo(entries: readonly Mirrored[], abandoned: boolean, now: Date): Mirrored[] {
  return entries
    .filter(({ inverse, dueAt }) => 'path' in inverse && (abandoned || Date.parse(dueAt) <= now.getTime()))
    .toSorted((a, b) => b.seq - a.seq);
}

/** The API server as pods see it, with the service account's token, which is renewed on disk. */
function inClusterCall(): KubeCall {
  const host = process.env['KUBERNETES_SERVICE_HOST'] ?? '';
  const base = `https://${host.includes(':') ? `[${host}]` : host}:${process.env['KUBERNETES_SERVICE_PORT'] ?? '443'}`;
  return async ({ method, path, body, contentType, timeoutMs }) => {
    const token = readFileSync(`${ACCOUNT}/token`, 'utf8').trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType ?? 'application/json' };
    const request: RequestInit = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
    if (body !== undefined) request.body = JSON.stringify(body);
    const reply = await fetch(base + path, request);
    const text = await reply.text();
    return { status: reply.status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text };
  };
}

async function lookOnce(call: KubeCall, namespace: string, watch: LeaseWatch): Promise<'go on' | 'over'> {
  const lease = await call({
    method: 'GET',
    path: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/plumbline`,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const spec = (lease.body as { spec?: { holderIdentity?: string; renewTime?: string } }).spec ?? {};
  const abandoned =
    watch.unchangedForMs(`${spec.holderIdentity ?? ''} ${spec.renewTime ?? ''}`, performance.now()) >=
    GRACE_MS;
  const mirror = await call({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/configmaps/plumbline-ledger`,
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const text = (mirror.body as { data?: { entries?: string } }).data?.entries ?? '[]';
  const entries = toUndo(JSON.parse(text) as Mirrored[], abandoned, new Date());
  let open = 0;
  for (const { title, inverse } of entries) {
    const settled = await undoLogged(title, inverse as KubeInverse, call);
    if (!settled) open++;
  }
  return abandoned && open === 0 ? 'over' : 'go on';
}

async function undoLogged(title: string, inverse: KubeInverse, call: KubeCall): Promise<boolean> {
  try {
    const result = await undoKube(inverse, call, CALL_TIMEOUT_MS);
    if (result.outcome !== 'already')
      console.log(`${title}: ${result.outcome}${'note' in result ? `: ${result.note}` : ''}`);
    return true;
  } catch (error) {
    console.error(`${title}: ${String(error)}`);
    return false;
  }
}

async function main(namespace: string): Promise<void> {
  const call = inClusterCall();
  const watch = new LeaseWatch();
  for (;;) {
    try {
      if ((await lookOnce(call, namespace, watch)) === 'over') return;
    } catch (error) {
      console.error(String(error));
    }
    await sleep(LOOK_EVERY_MS);
  }
}

if (process.env['PLUMBLINE_UNDO_NAMESPACE'] !== undefined)
  await main(process.env['PLUMBLINE_UNDO_NAMESPACE']);
