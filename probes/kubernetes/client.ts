import { createInterface } from 'node:readline';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventIn, objectIn, pageIn, reviewIn } from './answers.ts';
import { errorOfAnswer, KubeError } from './errors.ts';
import { kindOf, kindText, pathOf } from './kinds.ts';
import { pauseOf } from './transport.ts';
import type { Request, Transport } from './transport.ts';
import type { CallOptions, KubeObject, ObjectRef, WatchEvent } from './types.ts';

/** Objects per page of a list: 10,000 pods in 10 calls, and no page over about 10 MB. */
const PAGE = 1000;
/** A watch is renewed after this long, as client-go does between 5 and 10 minutes. */
const WATCH_SECONDS = 290;
/** Field manager of server-side apply. */
export const FIELD_MANAGER = 'plumbline';

export interface Call {
  verb: string;
  /** `v1/Pod`, or the path of a raw call. */
  kind: string;
}

export interface Selection {
  namespace?: string;
  labels?: Record<string, string>;
  /** A field selector such as `involvedObject.name=postgres-0`. */
  fields?: string;
  /** Called for every object of a page before the next page is requested; its result is kept. */
  keep?: (object: KubeObject) => KubeObject;
}

export interface LogSelection {
  namespace: string;
  pod: string;
  container?: string;
  tailLines?: number;
  /** The log of the container before its last restart. */
  previous?: boolean;
  /** Each line begins with its time, RFC 3339. */
  timestamps?: boolean;
  sinceTime?: string;
  limitBytes?: number;
}

export const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;
export type PatchType = keyof typeof PATCH_TYPES;

/** Typed, counted calls to the API server. Nothing is cached here. All methods throw `KubeError`. */
export class KubeClient {
  readonly transport: Transport;
  readonly #requestTimeoutMs: number;
  readonly #counts = new Map<string, number>();
  readonly #listeners = new Set<(call: Call) => void>();
  #total = 0;

  /** @param requestTimeoutMs deadline of a call that names none */
  constructor(transport: Transport, requestTimeoutMs: number) {
    this.transport = transport;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** Calls so far, by verb and kind. Retries of a throttled call count. */
  calls(): { total: number; byKind: Record<string, number> } {
    return { total: this.#total, byKind: Object.fromEntries([...this.#counts].sort()) };
  }

  /** `listener` gets every call, synchronously in the caller's context. @returns a function that unsubscribes */
  onCall(listener: (call: Call) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Counts a call that does not go through `#send`, such as a websocket. */
  count(call: Call): void {
    this.#total++;
    const key = `${call.verb} ${call.kind}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    for (const listener of this.#listeners) listener(call);
  }

  /** The object, or null when it is not there. */
  async get(ref: ObjectRef, options: CallOptions = {}): Promise<KubeObject | null> {
    try {
      return await this.#object({ method: 'GET', verb: 'get' }, ref, options);
    } catch (error) {
      if (error instanceof KubeError && error.reason === 'notFound') return null;
      throw error;
    }
  }

  /** Every object of a kind, page by page; objects carry apiVersion and kind, which lists leave out. */
  async list(
    kind: string,
    select: Selection = {},
    options: CallOptions = {},
  ): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    const resource = kindOf(kind);
    const items: KubeObject[] = [];
    let next = '';
    let resourceVersion: string;
    do {
      const query = selection(select);
      query.set('limit', String(PAGE));
      if (next !== '') query.set('continue', next);
      const path = `${pathOf(resource, select)}?${query.toString()}`;
      const text = await this.#send({ method: 'GET', verb: 'list', path }, kind, options);
      const page = pageIn(text, resource, { verb: 'list', path: kind });
      for (const item of page.items) items.push(select.keep ? select.keep(item) : item);
      ({ next, resourceVersion } = page);
    } while (next !== '');
    return { items, resourceVersion };
  }

  /**
   * Changes since a resourceVersion, until the server ends the watch, the connection breaks or the signal fires. `onOpen` is
   * called when the server has accepted the watch: on a quiet kind the first event may take a minute.
   */
  async *watch(
    kind: string,
    select: Selection & { resourceVersion: string; onOpen?: () => void },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const query = selection(select);
    query.set('watch', '1');
    query.set('resourceVersion', select.resourceVersion);
    query.set('allowWatchBookmarks', 'true');
    query.set('timeoutSeconds', String(WATCH_SECONDS));
    const path = `${pathOf(kindOf(kind), select)}?${query.toString()}`;
    this.count({ verb: 'watch', kind });
    const request: Request = {
      method: 'GET',
      verb: 'watch',
      path,
      timeoutMs: this.#requestTimeoutMs,
      signal,
    };
    const response = await this.transport.open(request);
    if ((response.statusCode ?? 0) >= 400) {
      const body = await textWithin(response, this.#requestTimeoutMs);
      throw errorOfAnswer(response.statusCode ?? 0, body, { verb: 'watch', path });
    }
    select.onOpen?.();
    // Half-open connections (a load balancer that lost its server) are noticed by the kernel's keep-alive, not by us.
    response.socket.setKeepAlive(true, 10_000);
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
      if (line !== '') yield eventIn(line, { verb: 'watch', path: kind });
    }
  }

  async create(object: KubeObject, options: CallOptions = {}): Promise<KubeObject> {
    const path = pathOf(
      kindOf(kindText(object)),
      object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace },
    );
    const body = await this.#send(
      { method: 'POST', verb: 'create', path, body: object },
      kindText(object),
      options,
    );
    return objectIn(body, { verb: 'create', path: kindText(object) });
  }

  /** Creates an object that the API server answers but does not store, such as a SelfSubjectAccessReview. @returns its `status` */
  async review(
    asked: { apiVersion: string; kind: string; spec: Record<string, unknown> },
    options: CallOptions = {},
  ): Promise<unknown> {
    const kind = kindText(asked);
    const request = { method: 'POST', verb: 'create', path: pathOf(kindOf(kind), {}), body: asked } as const;
    return reviewIn(await this.#send(request, kind, options), { verb: 'create', path: kind })['status'];
  }

  /** Replaces an object. With `metadata.resourceVersion` only if it has not changed since (`conflict` otherwise). */
  async replace(object: KubeObject, options: CallOptions = {}): Promise<KubeObject> {
    return this.#object({ method: 'PUT', verb: 'replace' }, refOf(object), options, { body: object });
  }

  /** Server-side apply as `plumbline`; fields that others own are taken over. */
  async apply(object: KubeObject, options: CallOptions = {}): Promise<KubeObject> {
    const query = `?fieldManager=${FIELD_MANAGER}&force=true`;
    const contentType = 'application/apply-patch+yaml';
    return this.#object({ method: 'PATCH', verb: 'apply' }, refOf(object), options, {
      body: object,
      query,
      contentType,
    });
  }

  async patch(
    ref: ObjectRef,
    patch: unknown,
    options: CallOptions & { type?: PatchType; subresource?: string } = {},
  ): Promise<KubeObject> {
    const contentType = PATCH_TYPES[options.type ?? 'merge'];
    const query = `?fieldManager=${FIELD_MANAGER}`;
    return this.#object({ method: 'PATCH', verb: 'patch' }, ref, options, {
      body: patch,
      query,
      contentType,
      subresource: options.subresource,
    });
  }

  /** Deletes; an object that is not there is fine. Does not wait until it is gone. */
  async delete(
    ref: ObjectRef,
    options: CallOptions & { graceSeconds?: number; preconditionUid?: string } = {},
  ): Promise<void> {
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: 'Background',
      gracePeriodSeconds: options.graceSeconds,
      preconditions: options.preconditionUid === undefined ? undefined : { uid: options.preconditionUid },
    };
    try {
      // The answer, an object or a Status, is not needed.
      await this.#text({ method: 'DELETE', verb: 'delete' }, ref, options, { body });
    } catch (error) {
      if (!(error instanceof KubeError && error.reason === 'notFound')) throw error;
    }
  }

  /** The log of a container as text. */
  async logs(of: LogSelection, options: CallOptions = {}): Promise<string> {
    const query = new URLSearchParams();
    if (of.container !== undefined) query.set('container', of.container);
    if (of.tailLines !== undefined) query.set('tailLines', String(of.tailLines));
    if (of.previous === true) query.set('previous', 'true');
    if (of.timestamps === true) query.set('timestamps', 'true');
    if (of.sinceTime !== undefined) query.set('sinceTime', of.sinceTime);
    if (of.limitBytes !== undefined) query.set('limitBytes', String(of.limitBytes));
    const path = `${pathOf(kindOf('v1/Pod'), { namespace: of.namespace, name: of.pod, subresource: 'log' })}?${query.toString()}`;
    return this.#send({ method: 'GET', verb: 'logs', path }, 'v1/Pod', options);
  }

  /** GET of any path. Every HTTP status is returned; throws only if there is no answer. */
  async raw(path: string, options: CallOptions = {}): Promise<{ status: number; body: string }> {
    const bare = path.replace(/\?.*$/, '');
    this.count({ verb: 'raw', kind: bare });
    const answer = await this.transport.exchange(
      this.#complete({ method: 'GET', verb: 'get', path }, options),
    );
    return { status: answer.status, body: answer.body };
  }

  async #object(
    what: Pick<Request, 'method' | 'verb'>,
    ref: ObjectRef,
    options: CallOptions,
    extra?: Extra,
  ): Promise<KubeObject> {
    return objectIn(await this.#text(what, ref, options, extra), { verb: what.verb, path: kindText(ref) });
  }

  #text(
    what: Pick<Request, 'method' | 'verb'>,
    ref: ObjectRef,
    options: CallOptions,
    extra: Extra = {},
  ): Promise<string> {
    const { query = '', subresource, ...rest } = extra;
    const where = {
      name: ref.name,
      ...(ref.namespace !== undefined && { namespace: ref.namespace }),
      ...(subresource !== undefined && { subresource }),
    };
    const path = pathOf(kindOf(kindText(ref)), where) + query;
    return this.#send({ ...what, path, ...rest }, kindText(ref), options);
  }

  #complete(request: Omit<Request, 'timeoutMs'>, options: CallOptions): Request {
    return { ...request, timeoutMs: options.timeoutMs ?? this.#requestTimeoutMs, signal: options.signal };
  }

  /** One call; a throttled one (429) is repeated while its deadline allows. */
  async #send(request: Omit<Request, 'timeoutMs'>, kind: string, options: CallOptions): Promise<string> {
    const complete = this.#complete(request, options);
    const until = performance.now() + complete.timeoutMs;
    for (;;) {
      this.count({ verb: request.verb, kind });
      const answer = await this.transport.exchange({
        ...complete,
        timeoutMs: Math.max(1, until - performance.now()),
      });
      if (answer.status < 400) return answer.body;
      const pauseMs = pauseOf(answer);
      if (pauseMs === null || performance.now() + pauseMs > until) {
        throw errorOfAnswer(answer.status, answer.body, {
          verb: request.verb,
          path: request.path.replace(/\?.*$/, ''),
        });
      }
      await sleep(pauseMs, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}

export function refOf(object: KubeObject): ObjectRef {
  const { apiVersion, kind, metadata } = object;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  };
}

interface Extra {
  body?: unknown;
  query?: string;
  contentType?: string;
  subresource?: string | undefined;
}

/** What a stream says until it ends, breaks or the deadline passes: with a refusal the status is what counts. */
async function textWithin(stream: Readable, deadlineMs: number): Promise<string> {
  let text = '';
  try {
    for await (const chunk of addAbortSignal(AbortSignal.timeout(deadlineMs), stream)) text += String(chunk);
  } catch {
    // What has come is enough.
  }
  return text;
}

function selection(select: Selection): URLSearchParams {
  const query = new URLSearchParams();
  const labels = Object.entries(select.labels ?? {});
  if (labels.length > 0)
    query.set('labelSelector', labels.map(([key, value]) => `${key}=${value}`).join(','));
  if (select.fields !== undefined) query.set('fieldSelector', select.fields);
  return query;
}
