import { z } from 'zod';
import { retry } from '../../host/wait.ts';
import type { KubeCall, KubeReply } from '../../runner/provider-safety.ts';

export interface TenantOptions {
  /** With busybox in it. */
  image: string;
  say: (what: string) => void;
}

const NAMESPACE = 'second-tenant';
const NAME = 'shop';
const PORT = 8080;
/** Names the node that was closed, so that one left behind by a killed process is found and opened. */
const ROLLING = 'second-tenant.example/rolling';
/** So what it changes, a node too, has its name and not the harness's. */
const BY = `?fieldManager=${NAMESPACE}`;
const FEW = 2;
/** With one more while it is rolled out, an eighth of two cores. */
const MANY = 4;
const CALL_MS = 10_000;
/** How long the end is tried again: a drill may have taken the API server away. */
const END_MS = 300_000;
/** Each pod serves a page, asks the Service of all for it, and counts between two requests: its limit of CPU bounds what that takes. */
const SERVE_AND_ASK = `
mkdir -p /tmp/www && echo hello > /tmp/www/index.html && busybox httpd -p ${PORT} -h /tmp/www
while :; do
  busybox wget -q -T 2 -O /dev/null http://${NAME}:${PORT}/ || busybox sleep 1
  i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); done
done`;

const namedSchema = z.object({ metadata: z.object({ name: z.string() }) });
const podsSchema = z.object({
  items: z.array(namedSchema.extend({ spec: z.object({ nodeName: z.string().optional() }) })),
});
const nodesSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
      spec: z.object({
        unschedulable: z.boolean().optional(),
        taints: z.array(z.unknown()).optional(),
      }),
    }),
  ),
});

/** Acts once at each `act`, in turn: what teams and operators of a shared cluster do on any day, and never to pods of others. */
export class Tenant {
  /** With six actions in turn, a rollout comes about every two minutes. */
  readonly pauseMs = 20_000;
  readonly #kube: KubeCall;
  readonly #options: TenantOptions;
  #acts = 0;
  #release = 0;
  #rolled = 0;

  constructor(kube: KubeCall, options: TenantOptions) {
    this.#kube = kube;
    this.#options = options;
  }

  /** @throws Error when the API server refuses the tenant's namespace or Deployment */
  async begin(): Promise<void> {
    await this.#openNodes();
    await this.#make('/api/v1/namespaces', { kind: 'Namespace', metadata: { name: NAMESPACE } });
    await this.#make(`/api/v1/namespaces/${NAMESPACE}/services`, {
      kind: 'Service',
      metadata: { name: NAME },
      spec: { selector: { app: NAME }, ports: [{ port: PORT }] },
    });
    await this.#make(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, deploymentOf(this.#options.image));
    this.#options.say(`began with ${FEW} pods of ${NAME} in ${NAMESPACE}`);
  }

  /** Does the next of its actions. An answer that refuses it is said, and ends nothing: the cluster may be in a drill. */
  async act(): Promise<void> {
    const actions = [
      () => this.#deploy(),
      () => this.#scale(MANY),
      () => this.#closeNode(),
      () => this.#openNodes(),
      () => this.#evictOne(),
      () => this.#scale(FEW),
    ];
    const action = actions[this.#acts++ % actions.length];
    try {
      await action?.();
    } catch (error) {
      this.#options.say(`not done: ${String(error)}`);
    }
  }

  /** @throws Error where a node stays closed, or its namespace is left */
  async end(): Promise<void> {
    const options = { deadlineMs: END_MS, intervalMs: 1_000 };
    await retry(() => this.#openNodes(), options).finally(() => retry(() => this.#remove(), options));
    this.#options.say('ended: its namespace is being removed, each node that it had closed is open');
  }

  async #deploy(): Promise<void> {
    const annotations = { 'second-tenant.example/release': String(++this.#release) };
    await this.#patchDeployment({ spec: { template: { metadata: { annotations } } } });
    this.#options.say(`deployed release ${this.#release}`);
  }

  async #scale(replicas: number): Promise<void> {
    await this.#patchDeployment({ spec: { replicas } });
    this.#options.say(`scaled to ${replicas} pods`);
  }

  async #evictOne(): Promise<void> {
    const [pod] = await this.#pods();
    if (pod !== undefined) await this.#evict(pod.metadata.name);
  }

  async #closeNode(): Promise<void> {
    // The last one may have stayed closed while nobody answered.
    await this.#openNodes();
    const open = (await this.#nodes()).filter(({ spec }) => !spec.unschedulable && !spec.taints?.length);
    const node = open[this.#rolled++ % open.length];
    if (node === undefined) return;
    const { name } = node.metadata;
    await this.#patchNode(name, true);
    this.#options.say(`cordoned ${name}`);
    for (const { metadata, spec } of await this.#pods())
      if (spec.nodeName === name) await this.#evict(metadata.name);
  }

  /** Those that it had closed, by their annotation: also one left behind by a tenant that was killed. */
  async #openNodes(): Promise<void> {
    for (const { metadata } of await this.#nodes())
      if (metadata.annotations?.[ROLLING] !== undefined) {
        await this.#patchNode(metadata.name, false);
        this.#options.say(`uncordoned ${metadata.name}`);
      }
  }

  async #evict(name: string): Promise<void> {
    await this.#ask('POST', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: NAMESPACE },
    });
    this.#options.say(`evicted ${name}`);
  }

  async #patchNode(name: string, closed: boolean): Promise<void> {
    await this.#ask('PATCH', `/api/v1/nodes/${name}`, {
      metadata: { annotations: { [ROLLING]: closed ? 'true' : null } },
      spec: { unschedulable: closed ? true : null },
    });
  }

  async #patchDeployment(patch: object): Promise<void> {
    await this.#ask('PATCH', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${NAME}`, patch);
  }

  async #pods(): Promise<z.infer<typeof podsSchema>['items']> {
    return podsSchema.parse(await this.#read(`/api/v1/namespaces/${NAMESPACE}/pods`)).items;
  }

  async #nodes(): Promise<z.infer<typeof nodesSchema>['items']> {
    return nodesSchema.parse(await this.#read('/api/v1/nodes')).items;
  }

  async #read(path: string): Promise<unknown> {
    return accepted(path, await this.#kube({ method: 'GET', path, timeoutMs: CALL_MS }));
  }

  async #make(path: string, body: object): Promise<void> {
    const reply = await this.#kube({ method: 'POST', path: `${path}${BY}`, body, timeoutMs: CALL_MS });
    // One of that name may be left of a tenant that was killed.
    if (reply.status !== 409) accepted(path, reply);
  }

  async #remove(): Promise<void> {
    const path = `/api/v1/namespaces/${NAMESPACE}`;
    const reply = await this.#kube({ method: 'DELETE', path, timeoutMs: CALL_MS });
    if (reply.status !== 404) accepted(path, reply);
  }

  async #ask(method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const own = `${path}${BY}`;
    accepted(path, await this.#kube({ method, path: own, body, contentType, timeoutMs: CALL_MS }));
  }
}

function accepted(path: string, { status, body }: KubeReply): unknown {
  if (status >= 200 && status < 300) return body;
  throw new Error(`${path}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
}

function deploymentOf(image: string): object {
  const resources = { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '50m', memory: '64Mi' } };
  const readinessProbe = { httpGet: { path: '/', port: PORT }, periodSeconds: 2 };
  return {
    kind: 'Deployment',
    metadata: { name: NAME },
    spec: {
      replicas: FEW,
      selector: { matchLabels: { app: NAME } },
      template: {
        metadata: { labels: { app: NAME } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            { name: NAME, image, command: ['sh', '-c', SERVE_AND_ASK], readinessProbe, resources },
          ],
        },
      },
    },
  };
}
