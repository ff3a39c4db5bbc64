import { isSystemTagOn, SampleTags, tagsOf } from './tags.ts';
import type { Vu } from './vu.ts';

/** What `fail()` throws. */
export class Failure extends Error {}

/** Longest delay of a timer of Node, ms: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
type Test = (value: unknown) => unknown;
type Answer = [name: string, value: unknown];

/** The module `k6` for one VU. Functions that block in k6 return a promise here, which the rewritten script awaits. */
export class K6Api {
  readonly #vu: Vu;

  constructor(vu: Vu) {
    this.#vu = vu;
  }

  sleep = (seconds: unknown): Promise<void> => {
    const vu = this.#vu;
    const ms = Number(seconds) * 1000;
    vu.waited = true;
    const { epoch } = vu;
    return new Promise((resolve) => {
      // As in k6, a value that is negative or not a number does not sleep.
      const delay = Math.min(LONGEST_TIMER_MS, ms > 0 ? ms : 0);
      setTimeout(() => {
        // An interrupted iteration must not continue.
        if (vu.epoch === epoch) resolve();
      }, delay);
    });
  };

  fail = (message?: string): never => {
    throw new Failure(message ?? 'fail() was called');
  };

  group = (name: unknown, body: unknown): unknown => {
    const vu = this.#vu;
    const text = String(name);
    if (text.includes('::')) throw new Error(`group(${JSON.stringify(text)}): a name must not contain '::'`);
    if (typeof body !== 'function')
      throw new TypeError(`group(${JSON.stringify(text)}): expected a function`);
    const outer = vu.group;
    const startMs = performance.now();
    vu.group = `${outer}::${text}`;
    const leave = (): void => {
      vu.thread.registry.built.group_duration.add(performance.now() - startMs, vu);
      vu.group = outer;
    };
    let result: unknown;
    try {
      result = (body as () => unknown)();
    } catch (error) {
      leave();
      throw error;
    }
    if (!(result instanceof Promise)) {
      leave();
      return result;
    }
    return result.finally(leave);
  };

  check = (value: unknown, sets: unknown, tags?: unknown): unknown => {
    if (typeof sets !== 'object' || sets === null)
      throw new TypeError('check(): expected an object of functions as the second argument');
    const given = tagsOf(tags);
    const entries = Object.entries(sets);
    let all = true;
    for (let at = 0; at < entries.length; at++) {
      const [name, test] = entries[at] as Answer;
      const passed = this.#test(name, test, { value, given });
      if (passed instanceof Promise)
        return this.#awaitRest({ all, at, first: passed }, entries, { value, given });
      all = passed && all;
    }
    return all;
  };

  /** Continues a `check` from its first test that blocks. */
  async #awaitRest(
    { all, at, first }: { all: boolean; at: number; first: Promise<boolean> },
    entries: readonly Answer[],
    on: { value: unknown; given: Record<string, string> },
  ): Promise<boolean> {
    let passed = (await first) && all;
    for (const [name, test] of entries.slice(at + 1)) passed = (await this.#test(name, test, on)) && passed;
    return passed;
  }

  #test(
    name: string,
    test: unknown,
    on: { value: unknown; given: Record<string, string> },
  ): boolean | Promise<boolean> {
    if (name.includes('::')) throw new Error(`check ${JSON.stringify(name)}: a name must not contain '::'`);
    let result: unknown;
    try {
      result = typeof test === 'function' ? (test as Test)(on.value) : test;
    } catch (error) {
      this.#count(name, false, on.given);
      throw error;
    }
    if (result instanceof Promise)
      return result.then(
        (answer: unknown) => this.#count(name, Boolean(answer), on.given),
        (error: unknown) => {
          this.#count(name, false, on.given);
          throw error;
        },
      );
    return this.#count(name, Boolean(result), on.given);
  }

  #count(name: string, passed: boolean, given: Record<string, string>): boolean {
    const { thread, group } = this.#vu;
    const key = `${group}\n${name}`;
    let counted = thread.counts.checks.get(key);
    if (counted === undefined)
      thread.counts.checks.set(key, (counted = { name, group, passes: 0, fails: 0 }));
    if (passed) counted.passes++;
    else counted.fails++;
    if (passed) thread.counts.good++;
    else thread.counts.bad++;
    const system: Record<string, string> = isSystemTagOn(thread.options, 'check') ? { check: name } : {};
    const tags = thread.registry.tagged ? new SampleTags(this.#vu, given, system) : null;
    thread.registry.built.checks.add(passed ? 1 : 0, tags);
    return passed;
  }
}
