import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from './client.ts';
import { KubeError, unavailableText } from './errors.ts';
import { trim } from './trim.ts';
import type { KubeObject } from './types.ts';

/** Pauses between attempts to watch again; the last one repeats. */
const BACKOFF_MS = [50, 200, 500, 1000, 2000, 5000];
/** Paging through 10,000 pods on a busy machine takes seconds, not the 10 s of an ordinary call. */
const LIST_TIMEOUT_MS = 60_000;

/** Keeps all objects of one kind (in one namespace or all) up to date: one list, then a watch. */
export class Informer {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly #client: KubeClient;
  readonly #signal: AbortSignal;
  readonly #objects = new Map<string, KubeObject>();
  readonly #waiters = new Set<() => void>();
  #resourceVersion = '';
  #lostSince: number | null = null;
  #lostReason = '';

  constructor(client: KubeClient, of: { kind: string; namespace?: string | undefined }, signal: AbortSignal) {
    this.#client = client;
    this.kind = of.kind;
    this.namespace = of.namespace;
    this.#signal = signal;
  }

  /** The first list; afterwards the watch runs by itself. @throws KubeError */
  async start(): Promise<void> {
    await this.#relist();
    void this.#follow();
  }

  objects(): Iterable<KubeObject> {
    return this.#objects.values();
  }

  /** Why this view cannot be trusted now, or null: it has had no connection for longer than that. */
  stale(afterMs: number): string | null {
    if (this.#lostSince === null || performance.now() - this.#lostSince < afterMs) return null;
    const seconds = Math.round((performance.now() - this.#lostSince) / 1000);
    return `unreachable: the watch of ${this.kind} has been broken for ${seconds} s: ${this.#lostReason}`;
  }

  /** True when this view is at least as new as the change that a write answered with. */
  hasSeen(object: KubeObject): boolean {
    const version = object.metadata.resourceVersion;
    return version === undefined || compareVersions(this.#resourceVersion, version) >= 0;
  }

  /** Calls back after every batch of changes. Returns how to stop. */
  subscribe(waiter: () => void): () => void {
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  async #relist(): Promise<void> {
    const select = { ...(this.namespace !== undefined && { namespace: this.namespace }), keep: trim };
    const { items, resourceVersion } = await this.#client.list(this.kind, select, {
      timeoutMs: LIST_TIMEOUT_MS,
      signal: this.#signal,
    });
    this.#objects.clear();
    for (const item of items) this.#objects.set(keyOf(item), item);
    this.#resourceVersion = resourceVersion;
    this.#notify();
  }

  async #follow(): Promise<void> {
    let failures = 0;
    while (!this.#over()) {
      try {
        await this.#watchOnce(() => (failures = 0));
      } catch (error) {
        if (this.#over()) return;
        this.#lost(error);
        await this.#pause(BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)] ?? 0);
        if (error instanceof KubeError && error.reason === 'gone')
          await this.#relist().catch((cause: unknown) => this.#lost(cause));
      }
    }
  }

  async #watchOnce(connected: () => void): Promise<void> {
    const select = {
      ...(this.namespace !== undefined && { namespace: this.namespace }),
      resourceVersion: this.#resourceVersion,
      onOpen: () => {
        connected();
        this.#lostSince = null;
      },
    };
    for await (const event of this.#client.watch(this.kind, select, this.#signal)) {
      if (event.type === 'ERROR') {
        const reason = event.object.code === 410 ? 'gone' : 'server';
        throw new KubeError(reason, event.object.message ?? 'the watch ended with an error', {
          verb: 'watch',
          path: this.kind,
        });
      }
      this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
      if (event.type === 'DELETED') this.#objects.delete(keyOf(event.object));
      else if (event.type !== 'BOOKMARK') this.#objects.set(keyOf(event.object), trim(event.object));
      this.#notify();
    }
    // The server ends a watch after its time; an end within a second means trouble behind a load balancer.
    await this.#pause(BACKOFF_MS[1] ?? 0);
  }

  #over(): boolean {
    return this.#signal.aborted;
  }

  #lost(error: unknown): void {
    this.#lostSince ??= performance.now();
    this.#lostReason = unavailableText(error);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }

  #notify(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** Resource versions are decimal numbers of any length (KEP-5504); they are compared without turning them into floats. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
