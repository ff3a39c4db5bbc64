import { TestAborted } from '../api/execution.ts';
import { Failure } from '../api/k6.ts';
import type { Thread } from '../api/thread.ts';
import { Vu } from '../api/vu.ts';
import { scriptStack } from '../executors/runner.ts';
import type { CompiledScript } from '../script/evaluate.ts';

/** k6: "handleSummary() execution timed out after 2 minutes". */
const SUMMARY_TIMEOUT_MS = 120_000;

type Hook = 'setup' | 'teardown' | 'handleSummary';

/** Runs setup, teardown and handleSummary. As in k6, each has its own VU. */
export class Hooks {
  readonly #thread: Thread;
  readonly #script: CompiledScript;
  #interrupt: ((reason: string) => void) | null = null;

  constructor(thread: Thread, script: CompiledScript) {
    this.#thread = thread;
    this.#script = script;
  }

  /** @returns what the script's `setup` returned, as JSON; null: nothing */
  async setup(): Promise<string | null> {
    const data = await this.#call('setup', this.#thread.options.setupTimeout, []);
    return data === undefined ? null : JSON.stringify(data);
  }

  async teardown(data: string | null): Promise<void> {
    const given: unknown = data === null ? undefined : JSON.parse(data);
    await this.#call('teardown', this.#thread.options.teardownTimeout, [given]);
  }

  /** @returns content by file or stream */
  async summary(data: string): Promise<Record<string, string>> {
    const made = await this.#call('handleSummary', SUMMARY_TIMEOUT_MS, [JSON.parse(data)]);
    if (typeof made !== 'object' || made === null) return {};
    return Object.fromEntries(Object.entries(made).map(([name, content]) => [name, contentOf(content)]));
  }

  /** Ends a running setup now. teardown and handleSummary are not interrupted. */
  interrupt(reason: string): void {
    this.#interrupt?.(reason);
  }

  async #call(name: Hook, timeoutMs: number, given: readonly unknown[]): Promise<unknown> {
    const vu = new Vu(this.#thread, 0);
    const hook = this.#script.evaluate(vu)[name];
    if (typeof hook !== 'function') return undefined;
    if (name !== 'handleSummary') vu.group = `::${name}`;
    const stopped = this.#stopped(name, vu, timeoutMs);
    try {
      const call = (hook as (...given: unknown[]) => unknown).bind(undefined, ...given);
      return await Promise.race([Promise.resolve().then(call), stopped.promise]);
    } catch (error) {
      // exec.test.abort() has already reported the abort.
      if (error instanceof TestAborted) throw error;
      throw new Error(`${name}() failed: ${textOf(error)}`, { cause: error });
    } finally {
      stopped.done();
      vu.flushData();
    }
  }

  /** A promise that rejects at the timeout, or when `interrupt` is called. */
  #stopped(name: Hook, vu: Vu, timeoutMs: number): { promise: Promise<never>; done: () => void } {
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = (reason: string): void => {
      vu.interrupt();
      reject(new Error(reason));
    };
    const timer = setTimeout(
      () => stop(`${name}() did not end within ${timeoutMs} ms (option ${name}Timeout)`),
      timeoutMs,
    );
    if (name === 'setup') this.#interrupt = stop;
    const done = (): void => {
      clearTimeout(timer);
      this.#interrupt = null;
    };
    return { promise, done };
  }
}

function contentOf(content: unknown): string {
  return content instanceof ArrayBuffer ? Buffer.from(content).toString('latin1') : String(content);
}

/** The message, with the first lines of the stack that belong to the script. What a script says by `fail()` stands for itself. */
export function textOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof Error)) return String(error);
  return scriptStack(error.stack ?? error.message)
    .split('\n')
    .slice(0, 3)
    .join(' ')
    .replace(/\s+/g, ' ');
}
