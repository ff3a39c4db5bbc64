/**
 * Stands in for an API server of which only GET is allowed: it answers lists page by page (`limit`, `continue`; Kubernetes API concepts,
 * "Retrieving large results sets in chunks"), the namespace kube-system, /version, and the groups, and the kinds of each, of which there are objects
 * ("Discovery API"). Whether an account may list a kind is asked before whether it is there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { kubeconfigText, listening } from '../../../probes/kubernetes/_testing/listening.ts';
import type { Listening } from '../../../probes/kubernetes/_testing/listening.ts';
import { kindOf, pathOf } from '../../../probes/kubernetes/kinds.ts';
import { FURTHER, LISTED } from '../listing.ts';

export interface Stood {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

const NOT_FOUND: [number, object] = [404, { message: 'no such resource' }];

export class ListingApiServer {
  /** Path of a kubeconfig with the contexts `admin@shop` (the current one) and `other`. */
  readonly kubeconfig: string;
  objects: readonly Stood[] = [];
  /** Kinds whose lists are forbidden. */
  readonly forbidden = new Set<string>();
  /** Kinds whose lists fail with 500, as they do where the webhook that converts them is broken. */
  readonly broken = new Set<string>();
  /** Each request, as `GET /api/v1/pods`. */
  readonly asked: string[] = [];
  readonly #server: Listening['server'];
  readonly #folder: string;

  private constructor(of: Listening) {
    const { server } = of;
    this.#server = server;
    this.#folder = mkdtempSync(path.join(tmpdir(), 'plumbline-draft-'));
    this.kubeconfig = path.join(this.#folder, 'kubeconfig');
    writeFileSync(this.kubeconfig, kubeconfigText(of, { contexts: ['admin@shop', 'other'] }));
    server.on('request', (request, response) =>
      this.#answer(`${request.method ?? ''} ${request.url ?? ''}`, response),
    );
  }

  /** Starts one, which stops when the tests of the file are over. */
  static async forTests(): Promise<ListingApiServer> {
    const server = new ListingApiServer(await listening());
    after(() => {
      server.#stop();
    });
    return server;
  }

  #stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer(asked: string, response: ServerResponse): void {
    this.asked.push(asked.replace(/\?.*/, ''));
    const [status, body] = this.#answerTo(new URL(asked.replace('GET ', ''), 'https://api.example.com'));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #answerTo({ pathname, searchParams }: URL): [number, object] {
    if (pathname === '/version') return [200, { gitVersion: 'v1.36.1' }];
    if (pathname === '/api/v1/namespaces/kube-system')
      return [200, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: UID } }];
    if (pathname === '/apis') return [200, { kind: 'APIGroupList', groups: this.#groups() }];
    const kind = [...LISTED, ...FURTHER].find((one) => pathOf(kindOf(one)) === pathname);
    if (kind === undefined) return this.#kindsAt(pathname);
    return (
      this.#refusalOf(kind) ??
      (this.#isNotInstalled(kind) ? NOT_FOUND : this.#page(this.#ofKind(kind), searchParams))
    );
  }

  #refusalOf(kind: string): [number, object] | null {
    if (this.forbidden.has(kind)) return [403, { message: `${kind} is forbidden` }];
    return this.broken.has(kind)
      ? [500, { message: `conversion webhook for ${kind} failed: connection refused` }]
      : null;
  }

  #page(all: readonly Stood[], searchParams: URLSearchParams): [number, object] {
    const from = Number(searchParams.get('continue') ?? '0');
    const to = from + Number(searchParams.get('limit') ?? String(all.length));
    const next = to < all.length ? { continue: String(to) } : {};
    return [200, { kind: 'List', metadata: { resourceVersion: '1', ...next }, items: all.slice(from, to) }];
  }

  #ofKind(kind: string): Stood[] {
    return this.objects.filter((one) => `${one.apiVersion}/${one.kind}` === kind);
  }

  /** A kind of somebody's own is there with its first object. */
  #isNotInstalled(kind: string): boolean {
    return FURTHER.some((one) => one === kind) && this.#ofKind(kind).length === 0;
  }

  #kindsAt(pathname: string): [number, object] {
    const own = this.objects.filter(({ apiVersion }) => pathname === `/apis/${apiVersion}`);
    const names = new Set(own.map(({ apiVersion, kind }) => kindOf(`${apiVersion}/${kind}`).plural));
    const resources = [...names].map((name) => ({ name }));
    return own.length === 0 ? NOT_FOUND : [200, { kind: 'APIResourceList', resources }];
  }

  #groups(): object[] {
    const versions = [...new Set(this.objects.map(({ apiVersion }) => apiVersion))];
    return versions
      .filter((one) => one.includes('/'))
      .map((groupVersion) => ({ name: groupVersion.split('/')[0], versions: [{ groupVersion }] }));
  }
}

export const UID = '11111111-2222-4333-8444-555555555555';
