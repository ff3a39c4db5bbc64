import type { StoreTargets } from '../targets/store-target.ts';

type Stores = Pick<StoreTargets, 'declared' | 'pods'>;

/** Names of pods that labels choose: one that was replaced during a trial is not listed any more, and its name says nothing of the next. */
export class PodsBefore {
  readonly #stores: Stores;
  readonly #names = new Map<string, string[]>();

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  async note(store: string): Promise<void> {
    this.#names.set(store, await this.#now(store));
  }

  /** Those of now and, of a trial, those from before it. */
  async of(store: string): Promise<string[]> {
    return [...(this.#names.get(store) ?? []), ...(await this.#now(store))];
  }

  async #now(store: string): Promise<string[]> {
    if (this.#stores.declared(store).pods === undefined) return [];
    // Evidence is for people: what cannot be listed is no reason to end a trial.
    const pods = await this.#stores.pods(store).catch(() => []);
    return pods.map(({ name }) => name);
  }
}
