/**
 * What the histories of each store contain, for judges. Each store's declaration adds its facts here; a history of an undeclared store
 * cannot be judged.
 */

/** Settings by name, in the order in which they are read, and what the value of each can be. */
export type SettingKinds = Readonly<Record<string, RegExp>>;

/** What a manager adds to what its store records. */
export interface ManagerFacts {
  /** Its own settings that govern a failover; they are read before those of the store. */
  governing: SettingKinds;
  /** Conditions that it reports. */
  conditions: readonly string[];
}

export interface StoreFacts {
  /** Settings that govern a failover. The probe that reads them takes the names from the same table. */
  governing: {
    /** Read from every server of the store, whatever its version and edition. */
    read: SettingKinds;
    /** Read in place of `read` of a store that is declared with this section. */
    instead?: { by: 'cluster' | 'product'; read: SettingKinds };
    /** Read only if something has them, such as an index; then all of them are. */
    perThing?: SettingKinds;
  };
  /** What a trial watches besides what it watches of every store, and the least number of observations. */
  watches?: readonly { kind: 'master' | 'reader'; count?: number; what: string }[];
  /** Durability settings belong to the whole cluster (an index, a queue); left out: each server has its own. */
  durabilityOfCluster?: true;
  /** Its names for states and roles; absent: the cluster has no leader, for example because each queue has its own. */
  members?: {
    /** State of one that leads and serves. */
    serving: string;
    /** State of one that follows. */
    following: string;
    /** The roles of those that follow. */
    roles: readonly string[];
    /** Those of them whose copy a commit waits for; left out: roles do not say it. */
    waitedFor?: readonly string[];
  };
  /** Conditions that it reports besides its members. */
  conditions?: readonly string[];
  /** What each manager adds, by the name under which a header has it. */
  managers?: Readonly<Record<string, ManagerFacts>>;
}

const FACTS = new Map<string, StoreFacts>();

export function addStoreFacts(name: string, facts: StoreFacts): void {
  FACTS.set(name, facts);
}

/** @throws Error for an undeclared store: without its facts nothing could be found missing */
export function storeFacts(name: string): StoreFacts {
  const facts = FACTS.get(name);
  if (facts === undefined)
    throw new Error(`no store "${name}" is known; there are ${[...FACTS.keys()].join(', ') || 'none'}`);
  return facts;
}

/** The part of a header's store by which its manager is known. */
interface Managed {
  manager?: string | undefined;
  /** Headers that name no `manager` (before December 2026) have this section where it was Patroni. */
  patroni?: object | undefined;
}

/**
 * What the manager adds that a header names for a store; nothing where there is none, or one that this version does not know. Headers that
 * name none are of a time when Patroni's settings were read and its conditions were not.
 */
export function managerFacts(store: string, declared: Managed | undefined): ManagerFacts {
  const known = storeFacts(store).managers ?? {};
  const none = { governing: {}, conditions: [] };
  if (declared?.manager !== undefined) return known[declared.manager] ?? none;
  return declared?.patroni === undefined ? none : { ...none, ...known['patroni'], conditions: [] };
}
