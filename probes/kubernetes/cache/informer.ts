import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../client.ts';
import { KubeError, unavailableText } from '../errors.ts';
import { trim } from './trim.ts';
import type { KubeObject, WatchEvent } from '../types.ts';

/** Pauses between attempts to watch again; the last one repeats. */
const BACKOFF_MS = [50, 200, 500, 1000, 2000, 5000];
/** Paging through 10,000 pods on a busy machine takes seconds, not the 10 s of an ordinary call. */
const LIST_TIMEOUT_MS = 60_000;
/**
 * A watch that asks for bookmarks gets one about every minute (kube-apiserver: defaultBookmarkFrequency, in its watch cache), whatever
 * happens to the kind; half as much again for a busy server. A watch that is silent for longer may be held open by a server that is
 * frozen, or by a load balancer that lost it, and nobody can tell that from a kind that does not change.
 */
export const MUTE_AFTER_MS = 90_000;
/**
 * After so much of that time without a word the view is made anew, while it still counts: a server that lives, and sends no bookmarks or
 * sends them late, has its views always the present.
 */
const QUIET = 0.75;
/** A watch that was accepted counts once it has said something or has stayed open for this long: a page of a proxy does neither. */
const HOLDS_AFTER_MS = 1_000;

/** As much of the client as a view takes. */
export type ViewClient = Pick<KubeClient, 'list' | 'watch'>;

/** Keeps all objects of one kind (in one namespace or all) up to date: one list, then a watch. */
export class Informer {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly #client: ViewClient;
  readonly #signal: AbortSignal;
  readonly #muteAfterMs: number;
  readonly #objects = new Map<string, KubeObject>();
  readonly #waiters = new Set<() => void>();
  #resourceVersion = '';
  #lostSince: number | null = null;
  #lostReason = '';
  /** When the server last proved that this view is the present. */
  #provedMs = performance.now();

  constructor(
    client: ViewClient,
    of: { kind: string; namespace?: string | undefined; muteAfterMs?: number | undefined },
    signal: AbortSignal,
  ) {
    this.#client = client;
    this.kind = of.kind;
    this.namespace = of.namespace;
    this.#muteAfterMs = of.muteAfterMs ?? MUTE_AFTER_MS;
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

  /**
   * Why this view cannot be trusted now, or null: it has had no connection for longer than that, or one that has been silent for longer
   * than a watch can be.
   */
  stale(afterMs: number): string | null {
    const now = performance.now();
    if (this.#lostSince !== null) {
      if (now - this.#lostSince < afterMs) return null;
      return `unreachable: the watch of ${this.kind} has been broken for ${seconds(now - this.#lostSince)}: ${this.#lostReason}`;
    }
    // Also where the watch has no time to notice, such as in a process that was paused.
    return now - this.#provedMs <= this.#muteAfterMs
      ? null
      : `unreachable: ${this.#muteness(now - this.#provedMs)}`;
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
    this.#proved();
  }

  async #follow(): Promise<void> {
    let failures = 0;
    // A view that cannot be followed on from, or that nothing has proved for a while, is made anew before it is followed again: a watch
    // that is accepted proves nothing of what is held, and its acceptance must not make an old view young.
    let outdated = false;
    while (!this.#over()) {
      try {
        if (outdated) await this.#relist();
        outdated = false;
        await this.#watchOnce(() => (failures = 0));
      } catch (error) {
        if (this.#over()) return;
        outdated ||= error instanceof QuietError || (error instanceof KubeError && error.reason === 'gone');
        // Not lost yet: it counts until it is mute, and is likely to be made anew before.
        if (error instanceof QuietError) continue;
        this.#lost(error);
        await this.#pause(BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)] ?? 0);
      }
    }
  }

  async #watchOnce(holds: () => void): Promise<void> {
    const ended = new AbortController();
    let giveUp = (_: Error): void => undefined;
    let quietTimer: NodeJS.Timeout | undefined;
    const listen = (): void => {
      clearTimeout(quietTimer);
      quietTimer = setTimeout(() => giveUp(this.#quietError()), this.#muteAfterMs * QUIET);
    };
    const proved = (): void => {
      listen();
      holds();
      this.#proved();
    };
    let holdTimer: NodeJS.Timeout | undefined;
    const select = {
      ...(this.namespace !== undefined && { namespace: this.namespace }),
      resourceVersion: this.#resourceVersion,
      onOpen: () => (holdTimer = setTimeout(proved, Math.min(HOLDS_AFTER_MS, this.#muteAfterMs / 2))),
    };
    const signal = AbortSignal.any([this.#signal, ended.signal]);
    const events = this.#client.watch(this.kind, select, signal)[Symbol.asyncIterator]();
    try {
      // The timer ends the wait and not only the connection: a mute one may not notice its end either.
      for (;;) {
        const next = await new Promise<IteratorResult<WatchEvent>>((resolve, reject) => {
          giveUp = reject;
          events.next().then(resolve, reject);
        });
        if (next.done === true) break;
        this.#take(next.value);
        clearTimeout(holdTimer);
        proved();
      }
    } finally {
      clearTimeout(holdTimer);
      clearTimeout(quietTimer);
      ended.abort();
    }
    // The server ends a watch after its time; an end within a second means trouble behind a load balancer.
    await this.#pause(BACKOFF_MS[1] ?? 0);
  }

  #take(event: WatchEvent): void {
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
  }

  #quietError(): QuietError {
    const message = this.#muteness(performance.now() - this.#provedMs);
    return new QuietError('unreachable', message, { verb: 'watch', path: this.kind });
  }

  #muteness(ms: number): string {
    return `the watch of ${this.kind} is open and has said nothing for ${seconds(ms)}; a server that lives sends a bookmark a minute`;
  }

  #over(): boolean {
    return this.#signal.aborted;
  }

  /** The view is the present: whoever waits may look at it again. */
  #proved(): void {
    this.#provedMs = performance.now();
    this.#lostSince = null;
    this.#notify();
  }

  #lost(error: unknown): void {
    const now = performance.now();
    // A view that was mute already does not become younger by a list that fails.
    this.#lostSince ??= now - this.#provedMs > this.#muteAfterMs ? this.#provedMs : now;
    this.#lostReason = unavailableText(error);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }

  #notify(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** An open watch that has said nothing for a while. */
class QuietError extends KubeError {}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** Resource versions are decimal numbers of any length (KEP-5504); they are compared without turning them into floats. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
