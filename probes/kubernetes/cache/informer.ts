import { setTimeout as sleep } from 'node:timers/promises';
import { bootMs } from '../../../host/clock.ts';
import type { KubeClient } from '../client.ts';
import { KubeError, unavailableText } from '../errors.ts';
import { trim } from './trim.ts';
import type { KubeObject, WatchEvent } from '../types.ts';
import { namespacedName } from '../kube-object.ts';

/** Pauses between attempts to watch again; the last one repeats. */
const BACKOFF_MS = [50, 200, 500, 1000, 2000, 5000];
/** Longer than the 10 s of an ordinary call: listing 10,000 pods on a busy machine takes time. */
const LIST_TIMEOUT_MS = 60_000;
/**
 * A watch that asks for bookmarks gets one about every minute, even if nothing changes (kube-apiserver: defaultBookmarkFrequency);
 * 1.5 times that for a busy server. A watch that is silent for longer may be held open by a frozen server, or by a load balancer that
 * lost the server. Without bookmarks that looks the same as a kind that does not change.
 */
export const MUTE_AFTER_MS = 90_000;
/**
 * After this share of the mute time in silence the view is listed again, while it still counts as current: so a live server that sends
 * bookmarks late or never does not make its views stale.
 */
const QUIET = 0.75;
/** An accepted watch counts once it has sent an event or stayed open this long: an error page of a proxy does neither. */
const HOLDS_AFTER_MS = 1_000;

/** The part of the client that a view needs. */
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
  /** When the server last proved that this view is the present, by the clock that goes on while this machine sleeps: the cluster does not sleep. */
  #provedMs = bootMs();

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
   * Why this view is stale, or null: it has had no connection for longer than `afterMs`, or its watch has been silent for longer
   * than `muteAfterMs`.
   */
  stale(afterMs: number): string | null {
    const now = bootMs();
    if (this.#lostSince !== null) {
      if (now - this.#lostSince < afterMs) return null;
      return `unreachable: the watch of ${this.kind} has been broken for ${seconds(now - this.#lostSince)}: ${this.#lostReason}`;
    }
    // Checked here too: in a process that was paused, the timers of the watch have not fired yet.
    return now - this.#provedMs <= this.#muteAfterMs
      ? null
      : `unreachable: ${this.#muteness(now - this.#provedMs)}`;
  }

  /** True when this view includes the written object's version. */
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
    for (const item of items) this.#objects.set(namespacedName(item), item);
    this.#resourceVersion = resourceVersion;
    this.#proved();
  }

  async #follow(): Promise<void> {
    let failures = 0;
    // List again before the next watch if the version is gone or the watch went quiet: that a new watch is accepted does not prove that
    // the objects held are current.
    let outdated = false;
    while (!this.#over()) {
      try {
        if (outdated) await this.#relist();
        outdated = false;
        await this.#watchOnce(() => (failures = 0));
      } catch (error) {
        if (this.#over()) return;
        outdated ||= error instanceof QuietError || (error instanceof KubeError && error.reason === 'gone');
        // A quiet watch is not lost: the view counts until it is mute, and is probably listed again before.
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
      // The timer rejects the wait itself: a mute connection may not report its end.
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
    // The server normally ends a watch after minutes. The pause prevents a busy loop if something ends each watch at once.
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
    if (event.type === 'DELETED') this.#objects.delete(namespacedName(event.object));
    else if (event.type !== 'BOOKMARK') this.#objects.set(namespacedName(event.object), trim(event.object));
  }

  #quietError(): QuietError {
    const message = this.#muteness(bootMs() - this.#provedMs);
    return new QuietError('unreachable', message, { verb: 'watch', path: this.kind });
  }

  #muteness(ms: number): string {
    return `the watch of ${this.kind} is open but silent for ${seconds(ms)}; a live API server sends a bookmark every minute`;
  }

  #over(): boolean {
    return this.#signal.aborted;
  }

  /** The view is current: wakes those who wait for a change. */
  #proved(): void {
    this.#provedMs = bootMs();
    this.#lostSince = null;
    this.#notify();
  }

  #lost(error: unknown): void {
    const now = bootMs();
    // A view that was mute already has been stale since its last proof, not only since this failure.
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

/** An open watch has been silent for a while. */
class QuietError extends KubeError {}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

/** Resource versions are decimal numbers of any length (KEP-5504), so they are compared as text: floats would round them. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
