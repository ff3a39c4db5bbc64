import type { NamedScenario } from '../options/scenario.ts';
import type { VuRunner } from './runner.ts';
import { ScenarioRun } from './scenario-run.ts';

type Of<Executor extends string> = NamedScenario & { executor: Executor };

/** A fixed number of VUs that iterate until the duration is over. */
export class ConstantVus extends ScenarioRun<Of<'constant-vus'>> {
  protected begin(): void {
    for (const runner of this.runners) this.next(runner);
  }

  protected next(runner: VuRunner): void {
    runner.begin(this, null);
  }
}

/** Each VU runs a fixed number of iterations. */
export class PerVuIterations extends ScenarioRun<Of<'per-vu-iterations'>> {
  readonly #begun = new Map<VuRunner, number>();

  protected begin(): void {
    for (const runner of this.runners) this.next(runner);
  }

  protected next(runner: VuRunner): void {
    const begun = this.#begunBy(runner);
    if (begun >= this.spec.iterations) {
      this.checkDone();
      return;
    }
    this.#begun.set(runner, begun + 1);
    runner.begin(this, null);
  }

  #begunBy(runner: VuRunner): number {
    return this.#begun.get(runner) ?? 0;
  }

  protected override finished(): boolean {
    return this.neverBegun() === 0;
  }

  protected override neverBegun(): number {
    return this.runners.reduce((sum, runner) => sum + this.spec.iterations - this.#begunBy(runner), 0);
  }

  protected override progress(): number {
    const { vus, iterations, maxDuration } = this.spec;
    return this.passedMs() > maxDuration ? 1 : this.cells.done.value / (vus * iterations);
  }
}

/** The VUs of all threads share a number of iterations: a VU that is free runs the next one. */
export class SharedIterations extends ScenarioRun<Of<'shared-iterations'>> {
  #neverBegun = 0;

  protected begin(): void {
    for (const runner of this.runners) this.next(runner);
  }

  protected next(runner: VuRunner): void {
    if (this.cells.claimed.add(1) < this.spec.iterations) runner.begin(this, null);
    else this.checkDone();
  }

  /** The first thread to expire claims the remaining iterations, so that no other thread starts them, and reports them as dropped. */
  protected override expire(): void {
    const { iterations } = this.spec;
    this.#neverBegun = Math.max(0, iterations - this.cells.claimed.exchange(iterations));
    super.expire();
  }

  protected override finished(): boolean {
    return this.runners.length === 0 || this.cells.claimed.value >= this.spec.iterations;
  }

  protected override neverBegun(): number {
    return this.#neverBegun;
  }

  protected override progress(): number {
    return this.cells.done.value / this.spec.iterations;
  }
}

/** The number of VUs follows the stages. */
export class RampingVus extends ScenarioRun<Of<'ramping-vus'>> {
  readonly #ranks = new Map(this.crew.planned.map(({ runner, rank }) => [runner, rank] as const));
  /** How many VUs should run now, over all threads. */
  #planned = 0;
  /** When each VU was ramped down. The timer of an earlier ramp-down must not cut an iteration that began after it. */
  readonly #downs = new Map<VuRunner, number>();

  protected begin(): void {
    this.#plan(this.spec.startVUs);
    for (const [ms, vus] of plannedSteps(this.spec.startVUs, this.spec.stages))
      this.at(this.state.startMs + ms, () => this.#plan(vus));
  }

  #plan(vus: number): void {
    if (this.stopping) return;
    this.#planned = vus;
    for (const runner of this.runners)
      if (!this.#isPlanned(runner)) this.#wind(runner);
      else {
        this.#downs.delete(runner);
        if (!runner.isBusyFor(this)) this.next(runner);
      }
  }

  #isPlanned(runner: VuRunner): boolean {
    return (this.#ranks.get(runner) ?? Infinity) < this.#planned;
  }

  #wind(runner: VuRunner): void {
    if (!runner.isBusyFor(this) || this.#downs.has(runner)) return;
    const now = performance.now();
    this.#downs.set(runner, now);
    this.at(now + this.spec.gracefulRampDown, () => {
      if (this.#downs.get(runner) !== now) return;
      this.cut(runner);
      // If this VU ramps up again, it starts with fresh tags and settings.
      runner.vu.scenario = null;
      this.checkDone();
    });
  }

  /** `gracefulRampDown` applies to a last step to 0 VUs as well. */
  protected override expire(): void {
    if (this.spec.stages.at(-1)?.target === 0) this.#plan(0);
    super.expire();
  }

  protected next(runner: VuRunner): void {
    if (runner.isBusyFor(this)) return;
    if (this.#isPlanned(runner)) runner.begin(this, null);
    else {
      this.#downs.delete(runner);
      runner.vu.scenario = null;
    }
  }
}

/** When (ms from the start) and to what the number of VUs changes. As in k6, each whole number counts from when the ramp reaches it. */
export function plannedSteps(
  start: number,
  stages: readonly { duration: number; target: number }[],
): [ms: number, vus: number][] {
  const steps: [number, number][] = [];
  let from = start;
  let begin = 0;
  for (const { duration, target } of stages) {
    const difference = Math.abs(target - from);
    const sign = Math.sign(target - from);
    if (duration === 0 && difference > 0) steps.push([begin, target]);
    else
      for (let one = 1; one <= difference; one++)
        steps.push([begin + (duration * one) / difference, from + sign * one]);
    begin += duration;
    from = target;
  }
  return steps;
}
