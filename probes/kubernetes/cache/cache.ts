import { KubeError, unavailableText } from '../errors.ts';
import { Informer } from './informer.ts';
import type { ViewClient } from './informer.ts';
import { kindText } from '../kinds.ts';
import { describe, hasFailed, isIn } from './ready.ts';
import type { KubeObject, ObjectRef, Query, QueryResult, WaitQuery } from '../types.ts';
import { asError } from '../../../reports/record/error-text.ts';

/** How long a write waits for the cache to show it; after that readers may still see the state before the write. */
const SEE_OWN_WRITE_MS = 3000;

/** Credentials that have expired may be renewed at any time: that they were refused is remembered for this long. */
const UNAUTHORIZED_MS = 30_000;

/** A refusal is remembered: asking again for every check would cost a call each and answer the same. */
type Entry = { informer: Informer } | { unavailable: string };
/** `untilMs`: until when it counts (performance.now). */
type Known = { entry: Promise<Entry>; untilMs: number };

export interface CacheOptions {
  signal: AbortSignal;
  /** A view older than this without a connection is `unavailable`. */
  staleAfterMs: number;
  /** A view whose open watch has been silent for longer than this is `unavailable` too; default 90 s. */
  muteAfterMs?: number | undefined;
}

/** One informer per kind, started by the first reader; one per namespace where the whole cluster may not be read. */
export class KubeCache {
  readonly #client: ViewClient;
  readonly #signal: AbortSignal;
  readonly #staleAfterMs: number;
  readonly #muteAfterMs: number | undefined;
  readonly #entries = new Map<string, Known>();

  constructor(client: ViewClient, options: CacheOptions) {
    this.#client = client;
    this.#signal = options.signal;
    this.#staleAfterMs = options.staleAfterMs;
    this.#muteAfterMs = options.muteAfterMs;
  }

  /** Objects as last seen. Never throws for what the server refuses: `unavailable` says why. */
  async list(query: Query): Promise<QueryResult> {
    const entry = await this.#entryFor(query);
    if ('unavailable' in entry) return { items: [], unavailable: entry.unavailable };
    const stale = entry.informer.stale(this.#staleAfterMs);
    if (stale !== null) return { items: [], unavailable: stale };
    return { items: select(entry.informer, query) };
  }

  /**
   * Waits for changes until enough objects are in the wanted state. A view too stale for listing cannot end a wait either: the wait
   * continues until the view is current again or the deadline passes.
   * @throws KubeError `timeout` with what was last seen, `unreachable` if that view was stale; `invalid` if an object that should
   * succeed has failed
   */
  async wait(query: WaitQuery, signal?: AbortSignal): Promise<QueryResult> {
    const entry = await this.#entryFor(query);
    if ('unavailable' in entry) return { items: [], unavailable: entry.unavailable };
    const stale = (): string | null => entry.informer.stale(this.#staleAfterMs);
    const met = (): KubeObject[] | null =>
      stale() === null ? matchesOf(select(entry.informer, query), query) : null;
    const items = await this.#watchUntil(entry.informer, met, { timeoutMs: query.timeoutMs, signal });
    if (items !== null) return { items };
    const seen = named(select(entry.informer, query), query).map(describe);
    const who = `${query.kind}${query.namespace === undefined ? '' : ` in ${query.namespace}`}${query.names ? ` (${query.names.join(', ')})` : ''}`;
    const message = `waited ${query.timeoutMs} ms for ${query.count} ${who} to be ${query.until}; last seen: ${seen.slice(0, 8).join(', ') || 'none'}`;
    const old = stale();
    const where = { verb: 'wait', path: query.kind };
    if (old !== null) throw new KubeError('unreachable', `${message} (stale, so not counted): ${old}`, where);
    throw new KubeError('timeout', message, where);
  }

  /** After a write: returns when the cache of that kind, if there is one, shows it (or after 3 s). */
  async see(written: KubeObject): Promise<void> {
    for (const informer of await this.#startedFor(kindText(written), written.metadata.namespace)) {
      await this.#watchUntil(informer, () => (informer.hasSeen(written) ? [] : null), {
        timeoutMs: SEE_OWN_WRITE_MS,
      });
    }
  }

  /** After a deletion: returns when the cache shows the object gone or going (or after 3 s). */
  async seeDeletion(ref: ObjectRef): Promise<void> {
    const going = (informer: Informer): KubeObject[] | null => {
      const query = { kind: kindText(ref), ...(ref.namespace !== undefined && { namespace: ref.namespace }) };
      const found = select(informer, query).find((object) => object.metadata.name === ref.name);
      return found === undefined || found.metadata.deletionTimestamp !== undefined ? [] : null;
    };
    for (const informer of await this.#startedFor(kindText(ref), ref.namespace)) {
      await this.#watchUntil(informer, () => going(informer), { timeoutMs: SEE_OWN_WRITE_MS });
    }
  }

  async #entryFor(query: Query): Promise<Entry> {
    const whole = await this.#entry(query.kind, undefined);
    if (
      !('unavailable' in whole) ||
      query.namespace === undefined ||
      !whole.unavailable.startsWith('forbidden')
    )
      return whole;
    return this.#entry(query.kind, query.namespace);
  }

  #entry(kind: string, namespace: string | undefined): Promise<Entry> {
    const key = `${kind}@${namespace ?? ''}`;
    const known = this.#entries.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.entry;
    const keepFor = (ms: number): void => void (made.untilMs = performance.now() + ms);
    const made: Known = { entry: this.#start({ kind, namespace, keepFor }), untilMs: Infinity };
    this.#entries.set(key, made);
    return made.entry;
  }

  /** @param keepFor is called where what it returns counts for a while only */
  async #start({ kind, namespace, keepFor }: Starting): Promise<Entry> {
    if (kind === 'v1/Secret') return { unavailable: 'forbidden: secrets are not read into the cache' };
    const informer = new Informer(
      this.#client,
      { kind, namespace, muteAfterMs: this.#muteAfterMs },
      this.#signal,
    );
    try {
      await informer.start();
      return { informer };
    } catch (error) {
      const reason = error instanceof KubeError ? error.reason : null;
      const lasting = reason !== null && ['forbidden', 'notFound', 'invalid'].includes(reason);
      if (!lasting) keepFor(reason === 'unauthorized' ? UNAUTHORIZED_MS : 0);
      return { unavailable: unavailableText(error) };
    }
  }

  async #startedFor(kind: string, namespace: string | undefined): Promise<Informer[]> {
    const keys = [`${kind}@`, ...(namespace === undefined ? [] : [`${kind}@${namespace}`])];
    const entries = await Promise.all(keys.flatMap((key) => this.#entries.get(key)?.entry ?? []));
    return entries.flatMap((entry) => ('informer' in entry ? [entry.informer] : []));
  }

  /** Resolves with what `met` returns once it is not null, or with null at the deadline. @throws KubeError `aborted` */
  #watchUntil(
    informer: Informer,
    met: () => KubeObject[] | null,
    limits: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<KubeObject[] | null> {
    const signal = limits.signal ? AbortSignal.any([limits.signal, this.#signal]) : this.#signal;
    return new Promise((resolve, reject) => {
      const end = (act: () => void): void => {
        clearTimeout(timer);
        stop();
        signal.removeEventListener('abort', onAbort);
        act();
      };
      const look = (): void => {
        try {
          const found = met();
          if (found !== null) end(() => resolve(found));
        } catch (error) {
          end(() => reject(asError(error)));
        }
      };
      const onAbort = (): void =>
        end(() =>
          reject(
            new KubeError('aborted', `waiting for ${informer.kind} was aborted`, {
              verb: 'wait',
              path: informer.kind,
            }),
          ),
        );
      const timer = setTimeout(() => end(() => resolve(null)), limits.timeoutMs);
      const stop = informer.subscribe(look);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else look();
    });
  }
}

interface Starting {
  kind: string;
  namespace: string | undefined;
  keepFor: (ms: number) => void;
}

function select(informer: Informer, query: Query): KubeObject[] {
  const labels = Object.entries(query.labels ?? {});
  const found: KubeObject[] = [];
  for (const object of informer.objects()) {
    if (query.namespace !== undefined && object.metadata.namespace !== query.namespace) continue;
    if (labels.every(([key, value]) => object.metadata.labels?.[key] === value)) found.push(object);
  }
  return found;
}

function named(objects: KubeObject[], query: WaitQuery): KubeObject[] {
  return query.names === undefined
    ? objects
    : objects.filter((object) => query.names?.includes(object.metadata.name));
}

/** The objects in the wanted state; null if there are too few. */
function matchesOf(objects: KubeObject[], query: WaitQuery): KubeObject[] | null {
  const candidates = named(objects, query);
  if (query.until === 'gone') return candidates.length === 0 ? [] : null;
  const failed = query.until === 'succeeded' ? candidates.find(hasFailed) : undefined;
  if (failed !== undefined) {
    throw new KubeError('invalid', `${query.kind} ${describe(failed)} has failed and can no longer succeed`, {
      verb: 'wait',
      path: query.kind,
    });
  }
  const matching = candidates.filter((object) => isIn(query.until, object));
  return matching.length >= query.count ? matching : null;
}
