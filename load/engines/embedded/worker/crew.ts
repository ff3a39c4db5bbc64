import { isSystemTagOn } from '../api/tags.ts';
import type { Thread } from '../api/thread.ts';
import { Vu } from '../api/vu.ts';
import type { ScenarioCells } from '../executors/board.ts';
import { scenarioRun } from '../executors/index.ts';
import { VuRunner } from '../executors/runner.ts';
import type { Crew, Member, ScenarioRun } from '../executors/scenario-run.ts';
import type { CompiledScript } from '../script/evaluate.ts';
import type { Plan } from './protocol.ts';
import { Relay } from './relay.ts';

/** The VUs of a thread, and the thread's share of every scenario. */
export class Crews {
  readonly #thread: Thread;
  readonly #script: CompiledScript;
  readonly #plan: Plan;
  readonly #pool = new Map<number, VuRunner>();
  readonly #vus: Vu[] = [];
  #relay: Relay | null = null;
  runs: readonly ScenarioRun[] = [];

  constructor(thread: Thread, script: CompiledScript, plan: Plan) {
    this.#thread = thread;
    this.#script = script;
    this.#plan = plan;
  }

  /** Makes all planned VUs. It is called before the load begins, since it takes time. @throws what the script throws */
  recruit(): void {
    const { scenarios } = this.#plan.options;
    const { segment, channel } = this.#plan;
    if (segment.count > 1 && scenarios.some((one) => 'preAllocatedVUs' in one))
      this.#relay = new Relay(channel, segment.index, {
        take: (scenario, dueMs) => this.runs[scenario]?.take(dueMs) ?? false,
        handed: (scenario, taken) => this.runs[scenario]?.handed(taken),
      });
    this.runs = scenarios.map((spec, index) => scenarioRun(spec, this.#crewOf(index)));
  }

  renew(variables: Readonly<Record<string, string>>): void {
    for (const vu of this.#vus) Object.assign(vu.env, variables);
  }

  #crewOf(index: number): Crew {
    const { segment } = this.#plan;
    return {
      segment,
      cells: this.#cellsOf(index),
      planned: this.#planned(index),
      recruit: () => this.#make(this.#thread.board.lastId.add(1) + 1),
      dropped: (scenario, count) => this.#dropped(scenario, count),
      handOver: (thread, dueMs) => this.#relay?.offer(thread, index, dueMs),
    };
  }

  #cellsOf(index: number): ScenarioCells {
    const cells = this.#thread.board.scenarios[index];
    if (cells === undefined)
      throw new Error(
        `internal error: scenario ${index} is missing on the board that the threads of the load share`,
      );
    return cells;
  }

  /** The planned VUs of this thread: every `count`th one. */
  #planned(scenario: number): Member[] {
    const { vus, segment } = this.#plan;
    return (vus[scenario] ?? []).flatMap((id, rank) =>
      (id - 1) % segment.count === segment.index ? [{ runner: this.#member(id), rank }] : [],
    );
  }

  /** A VU is made once, and may work for several scenarios one after the other. */
  #member(id: number): VuRunner {
    const known = this.#pool.get(id);
    if (known !== undefined) return known;
    const made = this.#make(id);
    this.#pool.set(id, made);
    return made;
  }

  #make(id: number): VuRunner {
    const vu = new Vu(this.#thread, id);
    this.#vus.push(vu);
    const made = new VuRunner(vu, this.#script.evaluate(vu));
    this.#thread.board.vus.add(1);
    return made;
  }

  #dropped(scenario: string, count: number): void {
    const { counts, registry, options } = this.#thread;
    counts.dropped += count;
    const tags: Record<string, string> = {
      ...options.tags,
      ...(isSystemTagOn(options, 'scenario') && { scenario }),
    };
    registry.built.dropped_iterations.add(count, { tag: (name) => tags[name] });
  }
}
