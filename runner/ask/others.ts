import { monoMs } from '../../host/clock.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { WORKLOADS } from '../../probes/kubernetes/workloads.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';

const LOOK_EVERY_MS = 500;

/** Object, as in a snapshot → what a change of it would show: the template of a workload, and of a node only that it is there. */
type Look = ReadonlyMap<string, string>;

/** Sees during a trial which templates of the platform change, and which nodes go. What is put back between two looks is not seen. */
export class Others {
  readonly acts: NewSeen<'others-acted'>[] = [];
  readonly #timer: NodeJS.Timeout;
  #before: Look = new Map();

  /** @param look null: it could not be asked */
  constructor(look: () => Promise<Look | null>) {
    const take = async (): Promise<void> => this.#compare(await look().catch(() => null));
    void take();
    this.#timer = setInterval(() => void take(), LOOK_EVERY_MS).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #compare(now: Look | null): void {
    if (now === null) return;
    for (const [object, was] of this.#before) {
      const is = now.get(object);
      if (is === undefined && was === '') this.#add(`${object} is gone`);
      else if (is !== undefined && is !== was) this.#add(`${object}: changed in spec.template`);
    }
    this.#before = now;
  }

  #add(what: string): void {
    this.acts.push({ kind: 'others-acted', t: monoMs(), what });
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
  const names = nodes.items.map(({ metadata }) => `Node ${metadata.name}`);
  const seen = new Map(names.filter((object) => compared.has(object)).map((object) => [object, '']));
  // Templates are written out twice a second: only those that are compared.
  for (const { kind, metadata, spec } of workloads.flatMap(({ items }) => items)) {
    const object = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
    if (compared.has(object)) seen.set(object, JSON.stringify(spec.template));
  }
  return seen;
}
