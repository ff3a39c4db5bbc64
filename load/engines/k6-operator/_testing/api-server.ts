/**
 * Stands in for an API server with the k6 operator behind it. It serves the calls that the engine makes (Kubernetes API conventions,
 * v1.34) and moves TestRuns through the stages of k6-operator's `testrun_controller.go` (main branch, August 2026), one at each look.
 * Logs and live counts have the form of k6 2.2's handleSummary and REST API.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { KubeClient } from '../../../../probes/kubernetes/client.ts';
import { Transport } from '../../../../probes/kubernetes/transport.ts';
import type { KubeObject } from '../../../../probes/kubernetes/types.ts';

export interface Pod {
  exitCode: number;
  reason?: string;
  log: string;
}

export interface Behaviour {
  /** Stages that successive polls see; the last one stays. */
  stages?: string[];
  pods?: Pod[];
  /** The pods never end. */
  endless?: boolean;
  /** By how many requests a pod's count grows at each poll; null: pods/proxy is forbidden. */
  requestsPerLook?: number | null;
  /** Calls answered with 403, such as `POST testruns`. */
  forbidden?: readonly string[];
  /** Which looks at the TestRun or its pods (1: the first), and how many reads of logs, are answered with 503; whether logs are refused. */
  outages?: { looks?: (index: number) => boolean; logs?: number; refusedLogs?: boolean };
  /** Resources for which an access review says "not allowed", such as `pods/proxy`. */
  denied?: readonly string[];
  /** Objects that cannot be deleted. */
  stuck?: readonly string[];
}

interface Review {
  spec: { resourceAttributes: { resource: string; subresource?: string } };
}

function partsOf(path: string): { kind: string; name: string; sub: string } {
  const [, rest = ''] = /^\/(?:api\/v1|apis\/k6\.io\/v1alpha1)\/namespaces\/[^/]+\/(.*)$/.exec(path) ?? [];
  const [kind = '', name = '', sub = ''] = rest.split('/');
  return { kind, name, sub };
}

const STAGES = ['', 'initialization', 'initialized', 'created', 'started', 'started', 'stopped', 'finished'];

const OUT = { status: 503, answer: { kind: 'Status', message: 'restarting' } };
const REFUSED = { status: 403, answer: { kind: 'Status', message: 'no right' } };

export class ApiServer {
  behaviour: Behaviour = {};
  readonly objects = new Map<string, KubeObject>();
  /** All calls in order, such as `POST configmaps`. */
  readonly calls: string[] = [];
  /** All objects that were created, including deleted ones. */
  readonly created: KubeObject[] = [];
  /** Stages that were seen, one a look. */
  readonly stages: string[] = [];
  /** When the last object was created, ISO 8601. */
  createdAt = '';
  #looks = 0;
  #counted = 0;
  #polls = 0;
  #logs = 0;

  static async start(): Promise<{ api: ApiServer; client: KubeClient; stop: () => void }> {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-api-'));
    const file = (name: string): string => join(folder, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', file('key')];
    const about = ['-subj', '/CN=stand-in', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...key, '-out', file('cert'), ...about], { stdio: 'ignore' });
    const [keyPem, cert] = [readFileSync(file('key')), readFileSync(file('cert'))];
    rmSync(folder, { recursive: true });
    const server = createServer({ key: keyPem, cert });
    const api = new ApiServer();
    server.on('request', (request, response) => void api.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      {
        name: 'c',
        server: `https://127.0.0.1:${port}`,
        caData: cert.toString('base64'),
        skipTLSVerify: false,
      },
      { name: 'u', token: 't' },
    );
    const transport = new Transport(config);
    const stop = (): void => {
      transport.close();
      server.closeAllConnections();
      server.close();
    };
    return { api, client: new KubeClient(transport, 5000), stop };
  }

  reset(behaviour: Behaviour): void {
    this.behaviour = behaviour;
    this.objects.clear();
    this.calls.length = 0;
    this.created.length = 0;
    this.stages.length = 0;
    this.#looks = 0;
    this.#counted = 0;
    this.#polls = 0;
    this.#logs = 0;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { pathname } = new URL(request.url ?? '/', 'https://x');
    const method = request.method ?? '';
    const { status, answer } = this.#outage(method, pathname) ?? this.#answer(method, pathname, body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }

  #answer(method: string, path: string, body: string): { status: number; answer: unknown } {
    const ok = (answer: unknown): { status: number; answer: unknown } => ({ status: 200, answer });
    const known = this.#known(path, body);
    if (known !== null) return ok(known);
    const { kind, name, sub } = partsOf(path);
    this.calls.push(`${method} ${kind}`);
    const { forbidden = [], stuck = [] } = this.behaviour;
    if (forbidden.includes(`${method} ${kind}`))
      return { status: 403, answer: { kind: 'Status', message: `${kind} is forbidden: no right` } };
    if (kind === 'pods') return this.#pods(name, sub);
    if (method === 'POST') return ok(this.#create(kind, JSON.parse(body) as KubeObject));
    if (method === 'DELETE' && !stuck.includes(kind)) this.objects.delete(`${kind}/${name}`);
    return this.#read(kind, name);
  }

  /** Answers discovery and access reviews; null: the call concerns an object. */
  #known(path: string, body: string): unknown {
    if (path === '/apis/k6.io/v1alpha1')
      return { resources: [{ name: 'testruns' }, { name: 'testruns/status' }] };
    if (path !== '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') return null;
    const review = JSON.parse(body) as Review;
    // Like the real API server: the request with empty metadata, and the status.
    return { ...review, metadata: {}, status: { allowed: this.#allows(review) } };
  }

  #allows({ spec: { resourceAttributes } }: Review): boolean {
    const { resource, subresource } = resourceAttributes;
    return !(this.behaviour.denied ?? []).includes(
      subresource === undefined ? resource : `${resource}/${subresource}`,
    );
  }

  #read(kind: string, name: string): { status: number; answer: unknown } {
    const ok = (answer: unknown): { status: number; answer: unknown } => ({ status: 200, answer });
    const found = this.objects.get(`${kind}/${name}`);
    if (found === undefined)
      return { status: 404, answer: { kind: 'Status', message: `${kind} "${name}" not found` } };
    return ok(kind === 'testruns' ? { ...found, status: { stage: this.#stage() } } : found);
  }

  #create(kind: string, object: KubeObject): KubeObject {
    this.created.push(object);
    this.createdAt = new Date().toISOString();
    this.objects.set(`${kind}/${object.metadata.name}`, object);
    return object;
  }

  /** Null: there is none. */
  #outage(method: string, path: string): typeof OUT | null {
    const { kind, name, sub } = partsOf(path);
    if (method !== 'GET' || kind === '' || name.endsWith(':6565')) return null;
    if (sub === 'log') return this.#outageOfLog();
    return this.behaviour.outages?.looks?.(++this.#polls) === true ? OUT : null;
  }

  #outageOfLog(): typeof OUT | null {
    const { logs = 0, refusedLogs = false } = this.behaviour.outages ?? {};
    if (refusedLogs) return REFUSED;
    return ++this.#logs <= logs ? OUT : null;
  }

  #stage(): string {
    const { stages = STAGES, endless } = this.behaviour;
    const stage = stages[Math.min(this.#looks++, stages.length - 1)] ?? '';
    const seen = endless === true && ['stopped', 'finished'].includes(stage) ? 'started' : stage;
    this.stages.push(seen);
    return seen;
  }

  #pods(name: string, sub: string): { status: number; answer: unknown } {
    const { pods = [], requestsPerLook = 5 } = this.behaviour;
    if (name.endsWith(':6565')) {
      if (requestsPerLook === null) return { status: 403, answer: { message: 'pods/proxy is forbidden' } };
      this.#counted += requestsPerLook;
      const sample = {
        type: 'metrics',
        id: 'http_reqs',
        attributes: { type: 'counter', sample: { count: this.#counted } },
      };
      return { status: 200, answer: { data: [sample] } };
    }
    if (sub === 'log') return { status: 200, answer: pods[Number(name.slice(-1))]?.log ?? '' };
    return { status: 200, answer: { metadata: { resourceVersion: '1' }, items: this.#podList(pods) } };
  }

  /** Pods exist from the stage `created` on, run while it is `started`, and are gone with their TestRun. */
  #podList(pods: readonly Pod[]): unknown[] {
    const { stages = STAGES, endless } = this.behaviour;
    const stage = stages[Math.min(this.#looks - 1, stages.length - 1)] ?? '';
    const exists = [...this.objects.keys()].some((key) => key.startsWith('testruns/'));
    if (!exists || !['created', 'started', 'stopped', 'finished', 'broken'].includes(stage)) return [];
    const over = endless !== true && ['stopped', 'finished', 'broken'].includes(stage);
    return pods.map(({ exitCode, reason }, index) => ({
      metadata: { name: `runner-${String(index)}`, namespace: 'tender' },
      status: over
        ? {
            phase: exitCode === 0 ? 'Succeeded' : 'Failed',
            containerStatuses: [{ name: 'k6', state: { terminated: { exitCode, reason } } }],
          }
        : { phase: stage === 'created' ? 'Pending' : 'Running' },
    }));
  }
}
