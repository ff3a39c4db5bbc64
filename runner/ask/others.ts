import { monoMs } from '../../host/clock.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { controllerOf, WORKLOADS } from '../../probes/kubernetes/workloads.ts';
import { objectText } from '../../reports/record/observations/change.ts';
import type { Change, ObjectName } from '../../reports/record/observations/change.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import { changeOf } from './snapshot/changed.ts';

const LOOK_EVERY_MS = 500;

export interface Looked extends ObjectName {
  /** The template of a workload, in JSON; null: a node, of which only counts that it is there. */
  template: string | null;
  owner?: string;
}
/** By the name of the object, as in a snapshot. */
type Look = ReadonlyMap<string, Looked>;

/** Sees during a trial which templates of the platform change, and which nodes go. What is put back between two looks is not seen. */
export class Others {
  readonly acts: NewSeen<'others-acted'>[] = [];
  readonly #look: () => Promise<Look | null>;
  readonly #timer: NodeJS.Timeout;
  #before: Look = new Map();
  #beforeMs = monoMs();

  /** @param look null: it could not be asked */
  constructor(look: () => Promise<Look | null>) {
    this.#look = look;
    void this.look();
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  /** Looks now, as it does by itself every half second until its end. */
  async look(): Promise<void> {
    this.#compare(await this.#look().catch(() => null));
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #compare(now: Look | null): void {
    if (now === null) return;
    const t = monoMs();
    const add = (change: Change, of: Pick<Looked, 'owner'>): void => {
      const owner = of.owner === undefined ? {} : { owner: of.owner };
      this.acts.push({ kind: 'others-acted', t, change, ...owner, betweenMs: [this.#beforeMs, t] });
    };
    for (const [object, was] of this.#before) {
      const is = now.get(object);
      if (was.template === null) {
        const gone = { kind: was.kind, name: was.name, became: 'gone', text: `${object} is gone` } as const;
        if (is === undefined) add(gone, was);
      } else if (is !== undefined && is.template !== null && is.template !== was.template) {
        add(changeOf(is, was.template, is.template), is);
      }
    }
    [this.#before, this.#beforeMs] = [now, t];
  }
}

/**
 * From what the watches of the cluster's cache have delivered, as every snapshot: it costs the API server nothing.
 * @param compared objects of the environment, as in a snapshot
 */
export async function templatesOf(
  cluster: Pick<KubeCluster, 'list'>,
  compared: ReadonlySet<string>,
): Promise<Look | null> {
  const [nodes, ...workloads] = await Promise.all([
    cluster.list({ kind: 'v1/Node' }),
    ...WORKLOADS.map((kind) => cluster.list({ kind })),
  ]);
  if ([nodes, ...workloads].some(({ unavailable }) => unavailable !== undefined)) return null;
  const seen = new Map<string, Looked>();
  for (const { metadata } of nodes.items) {
    const node = { kind: 'Node', name: metadata.name };
    if (compared.has(objectText(node))) seen.set(objectText(node), { ...node, template: null });
  }
  // Templates are written out twice a second: only those that are compared.
  for (const workload of workloads.flatMap(({ items }) => items)) {
    const { kind, metadata, spec } = workload;
    const place = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
    const object = objectText(place);
    if (!compared.has(object)) continue;
    const owner = controllerOf(workload);
    seen.set(object, {
      ...place,
      template: JSON.stringify({ spec: { template: spec.template } }),
      ...(owner !== undefined && { owner: `${owner.kind} ${owner.name}` }),
    });
  }
  return seen;
}
