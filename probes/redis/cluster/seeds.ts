import type { RedisAddress } from '../connection.ts';
import { sameAddress } from './nodes.ts';

/**
 * Whom the next session asks for the shards: every node that was ever named, those that were no help last. A master that was cut off
 * still answers clients and names itself, so that a write that fails is a reason to ask another node.
 */
export class Seeds {
  readonly #seeds: RedisAddress[];

  constructor(first: RedisAddress) {
    this.#seeds = [first];
  }

  next(): RedisAddress {
    return this.#seeds[0] as RedisAddress;
  }

  add(addresses: readonly RedisAddress[]): void {
    for (const address of addresses)
      if (!this.#seeds.some((one) => sameAddress(one, address))) this.#seeds.push(address);
  }

  /** Puts these behind all others, in this order. */
  doubt(...addresses: readonly RedisAddress[]): void {
    for (const address of addresses) {
      const index = this.#seeds.findIndex((one) => sameAddress(one, address));
      if (index >= 0) this.#seeds.push(...this.#seeds.splice(index, 1));
    }
  }
}
