import type { NamedScenario } from '../options/scenario.ts';
import { vusOf } from '../options/scenario.ts';
import type { VuRunner } from './runner.ts';
import { ScenarioRun, shareOf } from './scenario-run.ts';

type Of<Executor extends string> = NamedScenario & { executor: Executor };

/** VUs that iterate until the time is over. */
export class ConstantVus extends ScenarioRun<Of<'constant-vus'>> {
  prepare(): void {
    this.recruit(shareOf(this.spec.vus, this.crew.segment));
  }

  protected begin(): void {
    for (const runner of this.runners) this.next(runner);
  }

  protected next(runner: VuRunner): void {
    runner.begin(this.state, null);
  }
}

/** Every VU does its number of iterations. */
export class PerVuIterations extends ScenarioRun<Of<'per-vu-iterations'>> {
  readonly #done = new Map<VuRunner, number>();

  prepare(): void {
    this.recruit(shareOf(this.spec.vus, this.crew.segment));
  }

  protected begin(): void {
    for (const runner of this.runners) this.next(runner);
  }

  protected next(runner: VuRunner): void {
    const begun = this.#done.get(runner) ?? 0;
    this.#done.set(runner, begun + 1);
    if (begun < this.spec.iterations) runner.begin(this.state, null);
    else this.checkDone();
  }

  protected override finished(): boolean {
    return this.runners.every(
      (runner) => !runner.busy && (this.#done.get(runner) ?? 0) > this.spec.iterations,
    );
  }
}

/** The VUs share a number of iterations: whoever is free does the next. */
export class SharedIterations extends ScenarioRun<Of<'shared-iterations'>> {
  #left = 0;

  prepare(): void {
    this.#left = shareOf(this.spec.iterations, this.crew.segment);
    this.recruit(Math.min(this.#left, shareOf(this.spec.vus, this.crew.segment)));
  }

  protected begin(): void {
    for (const runner of this.runners) this.next(runner);
  }

  protected next(runner: VuRunner): void {
    if (this.#left-- > 0) runner.begin(this.state, null);
    else this.checkDone();
  }

  protected override finished(): boolean {
    return this.#left <= 0;
  }
}

/** A number of VUs that follows stages. */
export class RampingVus extends ScenarioRun<Of<'ramping-vus'>> {
  /** How many VUs there should be now, of all threads. */
  #planned = 0;
  /** Ramps that were down for a VU, so that an older grace does not cut a newer iteration. */
  readonly #downs = new Map<VuRunner, number>();

  prepare(): void {
    this.recruit(shareOf(vusOf(this.spec), this.crew.segment));
  }

  protected begin(): void {
    this.#plan(this.spec.startVUs);
    for (const [ms, vus] of plannedSteps(this.spec.startVUs, this.spec.stages))
      this.at(this.state.startMs + ms, () => this.#plan(vus));
  }

  #plan(vus: number): void {
    if (this.stopping) return;
    this.#planned = vus;
    this.runners.forEach((runner, index) => {
      if (!this.#isPlanned(index)) this.#wind(runner);
      else {
        this.#downs.delete(runner);
        if (!runner.busy) this.next(runner);
      }
    });
  }

  #isPlanned(index: number): boolean {
    const { segment } = this.crew;
    return index * segment.count + segment.index < this.#planned;
  }

  #wind(runner: VuRunner): void {
    if (!runner.busy || this.#downs.has(runner)) return;
    const now = performance.now();
    this.#downs.set(runner, now);
    this.at(now + this.spec.gracefulRampDown, () => {
      if (this.#downs.get(runner) === now) this.cut(runner);
    });
  }

  protected next(runner: VuRunner): void {
    if (runner.busy) return;
    if (this.#isPlanned(this.runners.indexOf(runner))) runner.begin(this.state, null);
    else this.#downs.delete(runner);
  }
}

/** When the number of VUs changes, ms from the start, and to what: each whole number when the ramp reaches it, as in k6. */
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
