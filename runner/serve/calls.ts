import { AsyncLocalStorage } from 'node:async_hooks';

/** Counts API calls against the check that caused them: the asking check is the async context of its body. */
export class CallCounter {
  readonly #asking = new AsyncLocalStorage<string>();
  readonly #byCheck = new Map<string, number>();

  /** Runs `work` on behalf of the check. */
  on<T>(check: string, work: () => Promise<T>): Promise<T> {
    return this.#asking.run(check, work);
  }

  /** The check whose work this is; undefined: no check's. */
  asking(): string | undefined {
    return this.#asking.getStore();
  }

  /** To be called synchronously where a call is made. */
  readonly count = (): void => {
    const check = this.asking();
    if (check !== undefined) this.#byCheck.set(check, this.of(check) + 1);
  };

  of(check: string): number {
    return this.#byCheck.get(check) ?? 0;
  }
}
