/**
 * Stands in for an API server as an account sees it that may only look (Kubernetes API conventions, v1.34): what was put in can be read, listed and
 * watched, and everything else is forbidden in the words of the RBAC authorizer. A request that is no read is counted and answered as if it had
 * been carried out, so that nothing but the one who sends it keeps from it.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { kubeconfigText, listening } from './listening.ts';
import type { Listening } from './listening.ts';
import type { KubeObject } from '../types.ts';

const ACCOUNT = 'system:serviceaccount:default:viewer';
/** What is answered to a question about rights, and to everything that is no read. */
const ALLOWED = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  metadata: { name: '' },
  status: { allowed: true },
};

export class ReadingApiServer {
  /** The text of a kubeconfig for it. */
  readonly kubeconfig: string;
  /** The authority that it names, PEM. */
  readonly authority: string;
  /** Every request, as `GET /api/v1/pods`. */
  readonly asked: string[] = [];
  /** Objects by the path of their list, such as `/api/v1/pods`; an empty list may be read too. */
  readonly lists = new Map<string, KubeObject[]>();
  readonly #server: Listening['server'];

  private constructor(of: Listening) {
    const { server } = of;
    this.#server = server;
    this.authority = of.ca;
    this.kubeconfig = kubeconfigText(of);
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#serve(request, response),
    );
    server.on('upgrade', (request: IncomingMessage, socket) => {
      this.asked.push(`UPGRADE ${pathOf(request)}`);
      socket.destroy();
    });
  }

  static async start(): Promise<ReadingApiServer> {
    return new ReadingApiServer(await listening());
  }

  get config(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromString(this.kubeconfig);
    return config;
  }

  /** Requests that are no reads, and connections into pods. */
  get acted(): string[] {
    return this.asked.filter((one) => !one.startsWith('GET '));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const method = request.method ?? '';
    this.asked.push(`${method} ${path}`);
    request.resume();
    const { searchParams } = new URL(request.url ?? '/', 'https://x');
    if (method !== 'GET') answer(response, 201, ALLOWED);
    else if (path === '/version') answer(response, 200, { gitVersion: 'v1.34.0' });
    else if (searchParams.has('watch')) this.#watch(path, response);
    else this.#read(path, response);
  }

  /** It stays open, and nothing changes. */
  #watch(path: string, response: ServerResponse): void {
    if (!this.lists.has(path)) answer(response, 403, forbidden(path));
    else response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  }

  #read(path: string, response: ServerResponse): void {
    const items = this.lists.get(path);
    const end = path.lastIndexOf('/');
    const named = this.lists.get(path.slice(0, end));
    const one = named?.find(({ metadata }) => metadata.name === path.slice(end + 1));
    if (items !== undefined) answer(response, 200, { metadata: { resourceVersion: '1' }, items });
    else if (one !== undefined) answer(response, 200, one);
    else if (named !== undefined) answer(response, 404, { message: `${path} not found` });
    else answer(response, 403, forbidden(path));
  }
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'https://x').pathname;
}

function forbidden(path: string): object {
  const [, group = '', resource = ''] = /^\/apis?\/(?:(.+)\/)?v\w+\/(?:.*\/)?([a-z]+)$/.exec(path) ?? [];
  const message = `${resource} is forbidden: User "${ACCOUNT}" cannot list resource "${resource}" in API group "${group}" at the cluster scope`;
  return { kind: 'Status', message };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
