import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { KubeCache } from './cache/cache.ts';
import { KubeClient } from './client.ts';
import type { Call, PatchType } from './client.ts';
import { KubeError } from './errors.ts';
import { execIn, execPath } from './exec.ts';
import type { ExecRequest, ExecResult } from './exec.ts';
import { isOfKind, ofKind, troubleOf } from './objects.ts';
import type { ObjectOf } from './objects.ts';
import { forwardPath, openForward } from './port-forward.ts';
import type { PodPort } from './port-forward.ts';
import type { ReadOnlyGuard } from './access/read-only.ts';
import { authorityOf, caDigests, loadKubeConfig, Transport } from './transport.ts';
import type { KubeObject, ObjectRef, Query, QueryResult, WaitQuery } from './types.ts';

export interface ClusterOptions {
  /** Path of a kubeconfig. */
  kubeconfig: string;
  /** Default: the current context of the kubeconfig. */
  context?: string;
  /** Ends every call, watch and wait. */
  signal: AbortSignal;
  /** Deadline of a single call; default 10 s. */
  requestTimeoutMs?: number;
  /** A view that has had no connection for longer than this is stale; default 15 s. */
  staleAfterMs?: number;
  /** Refuses whatever may change something; left out: nothing is refused. */
  readOnly?: ReadOnlyGuard | undefined;
}

/** What a cluster is recognised by. */
export interface ClusterPin {
  /** UID of the namespace kube-system: one for the life of a cluster. */
  uid: string;
  /** SHA-256 (hex) of the DER form of the kubeconfig's CA, the first of several; null when it names none. */
  caSha256: string | null;
  /** Of each certificate of the CA. */
  authorities: readonly string[];
  server: string;
}

const versionSaid = z.object({ gitVersion: z.string() });

/** @throws KubeError `invalid` when the kubeconfig cannot be used. Does no network I/O. */
export function openCluster(options: ClusterOptions): KubeCluster {
  const transport = new Transport(loadKubeConfig(options.kubeconfig, options.context), options.readOnly);
  return new KubeCluster(new KubeClient(transport, options.requestTimeoutMs ?? 10_000), options);
}

/** Cached reads and direct writes; a write returns when the cached reads show it. */
export class KubeCluster {
  readonly client: KubeClient;
  readonly cache: KubeCache;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;

  constructor(client: KubeClient, options: Pick<ClusterOptions, 'signal' | 'staleAfterMs'>) {
    this.client = client;
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal]);
    this.cache = new KubeCache(client, {
      signal: this.#signal,
      staleAfterMs: options.staleAfterMs ?? 15_000,
    });
  }

  async list<Kind extends string>(query: Query<Kind>): Promise<QueryResult<Kind>> {
    return ofKind(query.kind, await this.cache.list(query));
  }

  async wait<Kind extends string>(query: WaitQuery<Kind>, signal?: AbortSignal): Promise<QueryResult<Kind>> {
    return ofKind(query.kind, await this.cache.wait(query, signal));
  }

  /** Server-side apply, one after the other in the given order. */
  async apply(objects: readonly KubeObject[], signal?: AbortSignal): Promise<KubeObject[]> {
    const written: KubeObject[] = [];
    for (const object of objects) written.push(await this.client.apply(object, this.#call(signal)));
    for (const object of written) await this.cache.see(object);
    return written;
  }

  async patch(
    ref: ObjectRef,
    patch: unknown,
    how: { type?: PatchType; subresource?: string } = {},
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const written = await this.client.patch(ref, patch, { ...how, ...this.#call(signal) });
    await this.cache.see(written);
    return written;
  }

  async delete(
    refs: readonly ObjectRef[],
    how: { graceSeconds?: number } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    for (const ref of refs) await this.client.delete(ref, { ...how, ...this.#call(signal) });
    for (const ref of refs) await this.cache.seeDeletion(ref);
  }

  /** The object, or null when it is not there. @throws KubeError `server` for one that lacks what its kind must have */
  async get<Version extends string, Kind extends string>(
    ref: ObjectRef<Version, Kind>,
    signal?: AbortSignal,
  ): Promise<ObjectOf<`${Version}/${Kind}`> | null> {
    const found = await this.client.get(ref, this.#call(signal));
    const kind: `${Version}/${Kind}` = `${ref.apiVersion}/${ref.kind}`;
    if (found === null || isOfKind(kind, found)) return found;
    throw new KubeError('server', `malformed: ${troubleOf(kind, found)}`, { verb: 'get', path: ref.name });
  }

  logs(of: Parameters<KubeClient['logs']>[0], signal?: AbortSignal): Promise<string> {
    return this.client.logs(of, this.#call(signal));
  }

  /** @throws as `execIn`; ReadOnlyError where only reading is allowed */
  async exec(request: ExecRequest, signal?: AbortSignal): Promise<ExecResult> {
    const config = this.client.transport.intoPod(execPath(request));
    this.client.count({ verb: 'exec', kind: 'v1/Pod' });
    return execIn(config, request, this.#call(signal).signal);
  }

  /** One connection to a port of a pod, through the API server. @throws as `openForward`; ReadOnlyError where only reading is allowed */
  async forward(
    to: PodPort,
    bounds: { deadlineMs: number; signal?: AbortSignal | undefined },
  ): Promise<Duplex> {
    const config = this.client.transport.intoPod(forwardPath(to));
    this.client.count({ verb: 'port-forward', kind: 'v1/Pod' });
    const { signal } = this.#call(bounds.signal);
    return openForward(config, to, { ...bounds, signal });
  }

  raw(path: string, signal?: AbortSignal): Promise<{ status: number; body: string }> {
    return this.client.raw(path, this.#call(signal));
  }

  /** The kubeconfig's authority as PEM; null where it names none. */
  authority(): string | null {
    return authorityOf(this.client.transport.config);
  }

  async pin(signal?: AbortSignal): Promise<ClusterPin> {
    const namespace = await this.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }, signal);
    const uid = namespace?.metadata.uid;
    if (uid === undefined) {
      throw new KubeError(
        'notFound',
        'the namespace kube-system is missing: this is not a Kubernetes API server',
        { verb: 'get', path: 'kube-system' },
      );
    }
    const { config, server } = this.client.transport;
    const authorities = caDigests(config);
    return { uid, caSha256: authorities[0] ?? null, authorities, server };
  }

  /** The API server's version, such as `v1.37.2`. */
  async version(signal?: AbortSignal): Promise<string> {
    const { status, body } = await this.raw('/version', signal);
    const parsed = status === 200 ? versionSaid.safeParse(JSON.parse(body)).data : undefined;
    if (parsed === undefined)
      throw new KubeError('server', `GET /version answered ${status}`, {
        verb: 'get',
        path: '/version',
        status,
      });
    return parsed.gitVersion;
  }

  calls(): { total: number; byKind: Record<string, number> } {
    return this.client.calls();
  }

  onCall(listener: (call: Call) => void): () => void {
    return this.client.onCall(listener);
  }

  /** Ends watches, waits and connections. */
  close(): void {
    this.#closing.abort();
    this.client.transport.close();
  }

  #call(signal: AbortSignal | undefined): { signal: AbortSignal } {
    return { signal: signal ? AbortSignal.any([signal, this.#signal]) : this.#signal };
  }
}
