import { POD_STATES } from '../../../reports/record/observations/scaling.ts';
import { conditionTrue, ownerOf } from '../../topology/_objects/shapes.ts';
import type { PodObject } from '../../topology/_objects/shapes.ts';
import type { CheckContext } from '../../harness/context.ts';

type State = (typeof POD_STATES)[number];

interface Owner {
  kind: string;
  namespace: string;
  name: string;
}

/** Records when each pod of a workload was first seen to exist, to have a node, to be ready, and to go. */
export class PodFollower {
  readonly #ctx: Pick<CheckContext, 'cluster' | 'record'>;
  readonly #owner: Owner;
  /** What was recorded of each pod, by UID; names of some workloads are used again. */
  readonly #seen = new Map<string, { pod: string; states: Set<State> }>();

  constructor(ctx: Pick<CheckContext, 'cluster' | 'record'>, owner: Owner) {
    this.#ctx = ctx;
    this.#owner = owner;
  }

  /** Looks once; the reason where pods cannot be listed, else null. @param labels those that all its pods have, so that few are listed */
  async look(labels: Record<string, string>): Promise<string | null> {
    const { namespace } = this.#owner;
    const { items, unavailable } = await this.#ctx.cluster.list({ kind: 'v1/Pod', namespace, labels });
    if (unavailable !== undefined) return unavailable;
    const own = items.filter((pod) => this.#isOwn(pod));
    for (const pod of own) this.#note(pod);
    const there = new Set(own.map(idOf));
    for (const [id, { pod }] of this.#seen) if (!there.has(id)) this.#add(id, { pod, node: null }, 'gone');
    return null;
  }

  #isOwn(pod: PodObject): boolean {
    const { kind, name } = ownerOf(pod);
    return kind === this.#owner.kind && name === this.#owner.name;
  }

  #note(pod: PodObject): void {
    const of = { pod: pod.metadata.name, node: pod.spec.nodeName ?? null };
    for (const state of statesOf(pod)) this.#add(idOf(pod), of, state);
  }

  #add(id: string, of: { pod: string; node: string | null }, state: State): void {
    const known = this.#seen.get(id) ?? { pod: of.pod, states: new Set<State>() };
    this.#seen.set(id, known);
    if (known.states.has(state)) return;
    known.states.add(state);
    this.#ctx.record('scaled-pod', { ...of, state });
  }
}

const idOf = ({ metadata }: PodObject): string => metadata.uid ?? metadata.name;

/** All states that a pod has reached: one that is ready was scheduled, also where nobody looked in between. */
function statesOf({ metadata, spec, status }: PodObject): State[] {
  if (metadata.deletionTimestamp !== undefined) return ['created', 'gone'];
  const isReady = conditionTrue(status.conditions, 'Ready');
  const isScheduled =
    isReady || spec.nodeName !== undefined || conditionTrue(status.conditions, 'PodScheduled');
  return POD_STATES.slice(0, isReady ? 3 : isScheduled ? 2 : 1);
}
