/** A cluster of one node with devices, for the tests of what the checks of devices do. */
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';
import { RESOURCE, TAINT } from './histories.ts';

interface Told {
  kind: string;
  [field: string]: unknown;
}

interface PodPart extends KubeObject {
  metadata: KubeObject['metadata'];
  spec: {
    tolerations?: unknown[];
    schedulingGates?: unknown[];
    containers: { resources: { limits: Record<string, string> } }[];
  };
}

/** What is applied is placed, refused or started at once. */
export class OneNode {
  readonly told: Told[] = [];
  readonly pods = new Map<string, PodPart>();
  readonly events: KubeObject[] = [];
  offered = 2;
  series: unknown = { samples: [], nowSeconds: null };

  /** Those that hold devices. */
  get held(): number {
    return [...this.pods.values()].filter(isRunning).reduce((sum, pod) => sum + askedBy(pod), 0);
  }

  apply(pods: KubeObject[]): void {
    for (const pod of pods as PodPart[]) {
      this.pods.set(pod.metadata.name, {
        ...pod,
        metadata: { ...pod.metadata, uid: `uid-${pod.metadata.name}` },
      });
      this.place();
    }
  }

  /** As a scheduler does whenever something changes. */
  place(): void {
    for (const [name, pod] of this.pods) {
      if (isRunning(pod) || pod.spec.schedulingGates !== undefined) continue;
      const reason = this.#refuses(pod);
      if (reason !== null) this.#refuse(pod, reason);
      else
        this.pods.set(name, {
          ...pod,
          spec: { ...pod.spec, nodeName: 'gpu-1' } as PodPart['spec'],
          status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
        });
    }
  }

  #refuses(pod: PodPart): string | null {
    if ((pod.spec.tolerations ?? []).length === 0) return '1 node(s) had untolerated taint(s)';
    return this.held + askedBy(pod) > this.offered ? `1 Insufficient ${RESOURCE}` : null;
  }

  #refuse(pod: PodPart, message: string): void {
    const { name, uid = '' } = pod.metadata;
    pod.status = {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
    };
    this.events.push({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.1` },
      reason: 'FailedScheduling',
      message: `0/1 nodes are available: ${message}.`,
      involvedObject: { kind: 'Pod', name, uid },
    });
  }

  remove(names: string[]): void {
    for (const name of names) this.pods.delete(name);
    this.place();
  }

  list(kind: string): KubeObject[] {
    if (kind === 'v1/Pod') return [...this.pods.values()];
    if (kind === 'v1/Event') return this.events;
    if (kind !== 'v1/Node') return [];
    const amounts = { [RESOURCE]: String(this.offered) };
    return [
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'gpu-1', labels: { pool: 'gpu' } },
        spec: { taints: [TAINT] },
        status: { conditions: [{ type: 'Ready', status: 'True' }], capacity: amounts, allocatable: amounts },
      },
    ];
  }

  recorded(kind: string): Told[] {
    return this.told.filter((one) => one.kind === kind);
  }
}

function isRunning(pod: KubeObject): boolean {
  return (pod.status as { phase?: string } | undefined)?.phase === 'Running';
}

function askedBy({ spec }: PodPart): number {
  return Number(spec.containers[0]?.resources.limits[RESOURCE] ?? 0);
}

export function contextOf(cluster: OneNode, settings: Record<string, unknown> = {}): CheckContext {
  const gpu = {
    resource: RESOURCE,
    pool: 'gpu',
    devicesPerNode: 2,
    sharedBy: 1,
    simulated: true,
    image: 'image',
    variable: 'DEVICES',
    metrics: { series: 'util', labels: { device: 'device', node: 'node', pod: 'pod' }, maximum: 1 },
  };
  const pools = [{ name: 'gpu', count: { min: 1, max: 1 }, labels: { pool: 'gpu' }, taints: [TAINT] }];
  const ctx = {
    id: 'gpu/test',
    goals: { releaseSeconds: 30, freshScrapes: 2 },
    settings: {
      gpu,
      pools,
      writes: true,
      scrapeSeconds: 5,
      workloads: [],
      namespaces: { canary: 'plumbline-canary' },
      ...settings,
    },
    signal: new AbortController().signal,
    timeoutMs: (name: string) => (name === 'stillPending' ? 0 : 500),
    runner: { call: () => Promise.resolve(cluster.series) },
    cluster: {
      list: ({ kind }: { kind: string }) => Promise.resolve({ items: cluster.list(kind) }),
      items: ({ kind }: { kind: string }) => Promise.resolve(cluster.list(kind)),
      wait: () => Promise.resolve({ items: [] }),
      apply: (pods: KubeObject[]) => {
        cluster.apply(pods);
        return Promise.resolve();
      },
      remove: (refs: { name: string }[]) => {
        cluster.remove(refs.map(({ name }) => name));
        return Promise.resolve();
      },
      exec: ({ pod }: { pod: string }) =>
        Promise.resolve({ code: 0, stdout: `DEVICES=${pod}\n-- devices --\n`, stderr: '' }),
      raw: (path: string) => {
        const [, name] = decodeURIComponent(path).split('metadata.name=');
        const items = [...cluster.pods.values()].filter((pod) =>
          name === undefined ? isRunning(pod) : pod.metadata.name === name,
        );
        return Promise.resolve({ status: 200, body: JSON.stringify({ items }) });
      },
    },
    record: (kind: string, fields: Record<string, unknown> = {}) => cluster.told.push({ kind, ...fields }),
    unavailable: (what: string, reason: string) => cluster.told.push({ kind: 'unavailable', what, reason }),
    once: (_observation: string, body: () => Promise<void>) => body(),
    step: (_title: string, body: () => unknown) => Promise.resolve(body()),
  };
  return ctx as unknown as CheckContext;
}
