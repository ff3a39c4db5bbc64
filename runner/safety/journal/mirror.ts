import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Journal } from './journal.ts';
import { isTransient } from '../timers/undo-kube.ts';
import { isKubeRollback } from '../types.ts';
import type { Entry, Rollback, KubeCall } from '../types.ts';
import { KubeError } from '../../../probes/kubernetes/errors.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** Owners of clusters grant rights on this very name. */
export const MIRROR_NAME = 'plumbline-journal';
const CALL_TIMEOUT_MS = 5_000;
/** A ConfigMap holds 1 MiB; this leaves room for the rest of the object. */
const MAX_BYTES = 900 * 1024;
/** A concurrent write is refused (409) and retried; so is what a busy API server answers, and what broke off on the way. */
const ATTEMPTS = 5;
const RETRY_AFTER_MS = 200;

/**
 * An entry as the undo Job and other machines read it: rollbacks through the API server, nodes to switch on, and for people the titles of
 * the rest. It holds durations, not times of day: clocks of two machines differ. `bornMs` is of the monotonic clock in the holder's Lease.
 */
export type MirroredEntry = {
  id: string;
  seq: number;
  title: string;
  check: string;
  state: string;
  bornMs: number;
  dueAfterMs: number;
  rollback: unknown;
};

/** True when the entry may be read by whoever reads ConfigMaps: values of Secrets stay on the disk. */
export function isMirrored(entry: Pick<Entry, 'rollback'>): boolean {
  return isKubeRollback(entry.rollback) && !entry.rollback.path.includes('/secrets');
}

/** True if the undo Job or another machine can undo it: then it must be in the mirror before its action. */
export function isUndoneElsewhere(rollback: Rollback): boolean {
  return rollback.kind === 'node-power' || (isKubeRollback(rollback) && isMirrored({ rollback }));
}

/** What identifies an entry; one that another version or another hand wrote may lack it. */
const listedSchema = z.looseObject({
  id: z.string().optional(),
  seq: z.number().optional(),
  title: z.string().optional(),
  rollback: z.unknown(),
});
export type Listed = z.infer<typeof listedSchema>;

const mirrorSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().optional() }).optional(),
  data: z.object({ entries: z.string().optional(), holder: z.string().optional() }).optional(),
});

/** What the mirror lists, and who wrote it last. */
export type Listing = {
  readonly listed: readonly Listed[];
  /** The entries as found, to be written back. */
  readonly raw: readonly unknown[];
  readonly holder: string;
  /** Null where there is no mirror. */
  readonly resourceVersion: string | null;
  /** Whether a run has written it; false for one that owners of the cluster have just made. */
  readonly isWritten: boolean;
};

type Where = { readonly kube: KubeCall; readonly namespace: string };

/** @throws Error when it is not known what the mirror lists */
export async function readMirror({ kube, namespace }: Where): Promise<Listing> {
  const { status, body } = await kube({
    method: 'GET',
    path: mirrorPath(namespace),
    timeoutMs: CALL_TIMEOUT_MS,
  });
  if (status === 404) return { listed: [], raw: [], holder: '', resourceVersion: null, isWritten: false };
  const listing = status === 200 ? listingOf(body) : null;
  if (listing === null)
    throw new Error(`the ConfigMap ${namespace}/${MIRROR_NAME} cannot be read (${status})`);
  return listing;
}

function listingOf(body: unknown): Listing | null {
  const object = mirrorSchema.safeParse(body).data;
  const { entries, holder = 'another machine' } = object?.data ?? {};
  const raw = object === undefined ? null : listOf(entries ?? '[]');
  if (raw === null) return null;
  return {
    listed: raw.map(readable),
    raw,
    holder,
    resourceVersion: object?.metadata?.resourceVersion ?? '',
    isWritten: entries !== undefined,
  };
}

function listOf(text: string): unknown[] | null {
  try {
    return z.array(z.unknown()).safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** An unreadable entry is listed by its position, and does not keep the others from being undone. */
function readable(raw: unknown, i: number): Listed {
  const read = listedSchema.safeParse(raw).data;
  return (
    read ?? { title: `entry ${i + 1} of the ConfigMap ${MIRROR_NAME}, which cannot be read`, rollback: null }
  );
}

/**
 * Removes settled entries from a mirror that others wrote, and leaves the rest. A concurrent write is not overwritten: the mirror is read
 * again.
 * @returns null when none of them is listed any more, else why one still is
 */
export async function dropFromMirror(where: Where, ids: ReadonlySet<string>): Promise<string | null> {
  let why = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await sleep(RETRY_AFTER_MS);
    try {
      const { listed, raw, resourceVersion } = await readMirror(where);
      const left = raw.filter((_, i) => !ids.has(listed[i]?.id ?? ''));
      if (left.length === raw.length) return null;
      const { status } = await where.kube({
        method: 'PATCH',
        path: mirrorPath(where.namespace),
        contentType: 'application/merge-patch+json',
        body: { metadata: { resourceVersion }, data: { entries: JSON.stringify(left) } },
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (status === 200) return null;
      why = `the API server answered ${status} for the ConfigMap ${MIRROR_NAME}`;
    } catch (error) {
      why = errorText(error);
    }
  }
  return why;
}

/** Of the ConfigMap that is the mirror. */
export function mirrorPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps/${MIRROR_NAME}`;
}

/** The copy of the open entries in the cluster, where it survives this machine. */
export class Mirror {
  readonly #kube: KubeCall;
  readonly #namespace: string;
  readonly #journal: Journal;
  readonly #holder: string;
  #writing: Promise<string | null> | null = null;
  #next: Promise<string | null> | null = null;
  #written: string | null = null;

  constructor(options: { kube: KubeCall; namespace: string; journal: Journal; holder: string }) {
    this.#kube = options.kube;
    this.#namespace = options.namespace;
    this.#journal = options.journal;
    this.#holder = options.holder;
  }

  /**
   * Writes the open entries. Calls during a write share the next one. Never throws.
   * @returns null when the mirror is up to date, else why it is not.
   */
  sync(): Promise<string | null> {
    if (this.#writing === null) return this.#start();
    this.#next ??= this.#writing.then(() => {
      this.#next = null;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<string | null> {
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  /**
   * Writes the open entries, whoever wrote the mirror last; writes nothing when nothing is listed and nothing is open. Never throws.
   * @returns as `sync`
   */
  async refresh(): Promise<string | null> {
    const seen = await readMirror({ kube: this.#kube, namespace: this.#namespace }).catch(() => null);
    if (seen?.listed.length === 0) this.#written = '[]';
    return this.sync();
  }

  /**
   * Removes what this machine has settled, and leaves the rest: for who does not hold the Lease any more.
   * @returns null when none of it is listed any more, else why some still is
   */
  dropSettled(): Promise<string | null> {
    const open = new Set(this.#journal.open().map(({ id }) => id));
    const ids = this.#journal.entries().map(({ id }) => id);
    const where = { kube: this.#kube, namespace: this.#namespace };
    return dropFromMirror(where, new Set(ids.filter((id) => !open.has(id))));
  }

  /** Whether the mirror may still list settled entries, ours or an earlier run's. */
  get mayBeStale(): boolean {
    return this.#written !== this.#now();
  }

  #now(): string {
    return JSON.stringify(this.#journal.open().map(mirrored));
  }

  async #write(): Promise<string | null> {
    for (let attempt = 1; ; attempt++) {
      const entries = this.#now();
      if (entries === this.#written) return null;
      if (entries.length > MAX_BYTES)
        return `the open entries take ${entries.length} bytes, but a ConfigMap holds at most ${MAX_BYTES}`;
      const { gap, again } = await this.#writeOnce(entries);
      if (!again || attempt === ATTEMPTS) return gap;
      await sleep(RETRY_AFTER_MS);
    }
  }

  /** @returns why it was not written; null: it was. `again`: the same may be written in a moment */
  async #writeOnce(entries: string): Promise<{ gap: string | null; again: boolean }> {
    try {
      const reply = await this.#kube({
        method: 'PATCH',
        path: `${mirrorPath(this.#namespace)}?fieldManager=plumbline-journal&force=true`,
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: MIRROR_NAME,
            namespace: this.#namespace,
            labels: { 'app.kubernetes.io/managed-by': 'plumbline' },
          },
          data: { entries, holder: this.#holder },
        },
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (reply.status !== 200 && reply.status !== 201) {
        const gap = `the API server answered ${reply.status} for the ConfigMap ${MIRROR_NAME}`;
        return { gap, again: reply.status === 409 || isTransient(reply) };
      }
      this.#written = entries;
      return { gap: null, again: false };
    } catch (error) {
      // After silence for as long as a call may take, an action does not wait for more.
      const isSilent = error instanceof KubeError && error.reason === 'timeout';
      return { gap: errorText(error), again: !isSilent };
    }
  }
}

function mirrored(entry: Entry): MirroredEntry {
  const { id, seq, title, check, state, dueMs, dueAfterMs, rollback } = entry;
  const bornMs = dueMs - dueAfterMs;
  return { id, seq, title, check, state, bornMs, dueAfterMs, rollback: mirroredRollback(rollback) };
}

function mirroredRollback(rollback: Rollback): unknown {
  if (isMirrored({ rollback })) return rollback;
  // Never a command: whoever may write the mirror must not choose what others run.
  return rollback.kind === 'node-power'
    ? { kind: rollback.kind, node: rollback.node }
    : { kind: rollback.kind };
}
