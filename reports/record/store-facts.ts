/**
 * What a history of each store holds and in which words, for who judges it. Whoever declares a store adds it here; a history of a store that
 * nobody has declared cannot be judged.
 */

/** Settings by name, in the order in which they are read, and what the value of each can be. */
export type SettingKinds = Readonly<Record<string, RegExp>>;

export interface StoreFacts {
  /** Settings that govern a failover. Who reads them takes the names from the same table. */
  governing: {
    /** Read of every server of the store, whatever its version and edition. */
    read: SettingKinds;
    /** Read only where there is something that has them, such as an index: then all of them. */
    perThing?: SettingKinds;
    /** Each thing has every one of them, so that a thing that lacks one was not read whole. */
    everyThing?: true;
    /** Where each is read, where that has the same name everywhere. */
    placeOf?: (name: string) => string;
  };
  /** What is watched in a trial beside what is watched of every store, and how often it is seen at least. */
  watches?: readonly { kind: 'master' | 'reader'; count?: number; what: string }[];
  /** Settings of durability are the cluster's as a whole (of an index, of a queue); of every other store each server has its own. */
  durabilityOfCluster?: true;
  /** What it calls its members; absent: nobody leads the cluster, each queue, say, has a leader of its own. */
  members?: {
    /** State of one that leads and serves. */
    serving: string;
    /** State of one that follows. */
    following: string;
    /** The roles of those that follow. */
    roles: readonly string[];
  };
  /** What it says of itself beside its members. */
  conditions?: readonly string[];
}

const FACTS = new Map<string, StoreFacts>();

export function addStoreFacts(name: string, facts: StoreFacts): void {
  FACTS.set(name, facts);
}

/** @throws Error for a store that nobody has declared: nothing is known of it, so that nothing could be missed */
export function storeFacts(name: string): StoreFacts {
  const facts = FACTS.get(name);
  if (facts === undefined)
    throw new Error(`no store "${name}" is known; there are ${[...FACTS.keys()].join(', ') || 'none'}`);
  return facts;
}
