import type { Switchover } from '../../faults/_common/fault.ts';

export type { Switchover } from '../../faults/_common/fault.ts';
import type { NotLetIn } from '../../reports/record/observations/failover.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import type { SettingOverride } from '../../reports/record/setting-overrides.ts';
import type { LoadClient } from '../client-load/client.ts';

/** How a store is reached: the address that applications use, and the account. */
export interface StoreConnection {
  host: string;
  port: number;
  /** Further addresses of the same store, tried in this order after the first; only a path of clients has any. */
  alternatives?: { host: string; port: number }[] | undefined;
  database: string;
  user: string;
  password: string;
  /** Absent: nothing is encrypted. */
  tls?: StoreTlsFiles | undefined;
  /** Absent: what has an address is connected to there. */
  dial?: Dial | undefined;
  /** Further passwords by what they open, such as `sentinel`. */
  secrets?: Readonly<Record<string, string>> | undefined;
  /** The store's whole declaration in the environment file, without its password: what only this kind of store has is read here. */
  declared?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Where to connect, from this machine, for an address as the cluster knows it: that of a member, or one that the store itself names. Asked before
 * each connection, whose client connects once. The certificate stays that of the address itself.
 * @throws AskError when no way leads there
 */
export type Dial = (at: Address, bounds: Bounds) => Promise<Address>;

export interface Address {
  host: string;
  port: number;
}

/** Where to connect for an address, see `Dial`. @throws as `Dial` */
export async function dialled(
  at: Address,
  { dial }: { dial?: Dial | undefined },
  bounds: Bounds,
): Promise<Address> {
  return dial === undefined ? { host: at.host, port: at.port } : await dial(at, bounds);
}

/** What a TLS connection to a store needs; certificates and keys as PEM. */
export interface StoreTlsFiles {
  /** Absent: the usual public authorities. */
  ca?: string | undefined;
  /** The name that the certificate must hold, whatever the address. */
  serverName: string;
  certificate?: string | undefined;
  key?: string | undefined;
}

/** One member as the cluster lists it. */
export interface StoreMember {
  /** The pod's name. */
  name: string;
  /** The pod's own address, past every Service. */
  address: string;
  /** The store's own port; without it the driver's default. */
  port?: number;
  node?: string;
  /** It is the address of a store without pods: whichever of its servers answers there. */
  standsForAll?: true;
}

/** A store in an environment. Members are listed again each time: a pod that comes back has another address. */
export interface StoreTarget {
  connection: StoreConnection;
  /** The Service for reads, where there is one; the same user and database. */
  readConnection?: { host: string; port: number };
  members(): Promise<StoreMember[]>;
  /** The account that may order a planned change of leader, where one is declared; read when it is asked for. */
  admin?(): Promise<Credentials>;
  /** Runs a command in the container of a member's server, where that is possible. @throws the error of the API server */
  exec?(member: StoreMember, command: string[], bounds: Bounds): Promise<CommandResult>;
}

/** A command that fails is a result, with its code. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** An account with rights that the canary's own user lacks. */
export interface Credentials {
  user: string;
  password: string;
}

/** Every call that waits ends at the deadline (ms from its start) or when the signal fires. */
export interface Bounds {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
}

/** For a wait until a store is steady. */
export interface SteadyBounds extends Bounds {
  /**
   * The wait ends when every look for this long was refused the login (`Steadiness.cannotAsk`): a wrong password or authority does not pass by
   * waiting. Absent: to the deadline, as after a fault, which a store may answer with refused logins for a while.
   */
  refusedMs?: number | undefined;
  /** One look may take this long, where the driver's own looks are shorter: a slow store is steady as well. */
  lookMs?: number | undefined;
}

export interface StoreDescription {
  leader: string | null;
  /** The store's counter of leaderships, such as `timeline 5`: the same leader may have stepped down and come back. */
  term?: string;
  members: { name: string; role: string; state: string }[];
  /** What else must hold for the roles to be right. */
  conditions?: Condition[];
  /** Empty where they cannot be read although members answer, such as without a leader: `StoreDriver.governing` then says why. */
  governing: GoverningSetting[];
}

/** What must hold of a store besides its roles, in the store's own terms, such as the health of Elasticsearch. `ok` null: it cannot be seen. */
export interface Condition {
  name: string;
  ok: boolean | null;
  expected: string;
  seen: string;
}

/** For `StoreDescription.governing`: members that answered keep their roles where the settings cannot be read. */
export function settingsOrNone(read: Promise<GoverningSetting[]>): Promise<GoverningSetting[]> {
  return read.catch(() => []);
}

/** What one member's server reports of itself. */
export interface ServerFacts {
  /** The pod's name. */
  member: string;
  /** Where it keeps its data, as paths in its container; empty if it does not report them. */
  dataFolders: string[];
  /** Settings on which durability rests and that each server has for itself. */
  settings: GoverningSetting[];
  /** It keeps no data, and why by its own word, such as the roles of a coordinating node. Its folders are then not listed. */
  keepsNone?: string;
  /** Why its folders are not listed, where it is more than that it does not report them. */
  foldersUnseen?: string;
  /** Why it could not be queried. */
  failed?: string;
}

/** A live setting that decides how a failover goes, and where it was read. */
export interface GoverningSetting {
  name: string;
  value: string;
  source: string;
  /** Whose value it is, where others have it instead of the server's; the server's own is listed as well. */
  override?: SettingOverride;
  /** What gave who asked a value of its own, this one: what the server itself has then does not show. */
  hiddenBy?: string;
}

export interface Steadiness {
  ok: boolean;
  leader: string | null;
  /** What holds, or what was expected and what was seen instead. */
  detail: string;
  /** The store answers but refuses the login, or says more than is read: whether it is steady is unknown. */
  cannotAsk?: NotLetIn;
}

/** When the store should be back after a fault, derived from its live settings. */
export interface ExpectedWindow {
  loMs: number;
  hiMs: number;
  derivation: string;
}

/** Who holds which role now, for aiming a fault: names of pods, null while nobody holds it. */
export interface Leadership {
  /** Leads the data that the client load writes to (a queue's leader, a primary shard's node, the primary). */
  leader: string | null;
  /** Leads the cluster, where that is a role of its own, as in Elasticsearch; absent where there is none. */
  master?: string | null;
  /** Members with a copy of what the client load writes, the leader included; absent: every member has one. */
  holders?: string[];
}

export interface SwitchoverRequest {
  /** The run id under which the client load writes: leadership of a queue or an index is that of this run's. */
  run: string;
  /** The member that leads now and is to lead no longer. */
  from: string;
}

/** What a read-back writes. */
export type ReadBackSeen = NewSeen<
  | 'readback-plan'
  | 'readback'
  | 'readback-without'
  | 'readback-failed'
  | 'readback-leaders'
  | 'readback-again'
>;

export interface ReadBackRequest {
  /** The run id under which the client load wrote. */
  run: string;
  write: (seen: ReadBackSeen) => void;
}

/** What observers of a store write. */
export type StoreObservation = NewSeen<
  'leader' | 'leaders-asked' | 'several-leaders' | 'master' | 'members' | 'endpoint' | 'evidence'
>;

export interface ObserveOptions {
  write: (seen: StoreObservation) => void;
  /** The run id under which the client load writes: leadership of a queue or an index is that of this run's. */
  run?: string | undefined;
  /** Addresses behind the Service that applications use, from the cluster's cache; polled, since reading it is free. */
  endpoints?: (() => readonly string[]) | undefined;
  pollMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface Observer {
  /** Ends the polling and writes the last known leader once more, with `final: true`. */
  stop(): Promise<void>;
}

/** Other circumstances that decide how long a failover takes. */
export interface Circumstances {
  /** What a partition cuts off besides the peers; `api`: the API server. */
  also: readonly string[];
}

/** What one question found: keys of what was found, in the store's order. */
export interface QueryAnswer {
  /** `clients` for the address that applications use, else the member whose own copy answered. */
  source: string;
  question: string;
  answer: string[];
}

/** Questions of the platform's kind (nearest neighbours, paths) over data of the canary's own. */
export interface StoreQuery {
  /**
   * Makes the data again and waits until every member has it.
   * @returns who leads that data, and what each question must find, computed without the store
   */
  prepare(
    target: StoreTarget,
    bounds: Bounds,
  ): Promise<{ leader: string | null; expected: { question: string; answer: string[] }[] }>;
  /**
   * Asks every question once, through the address of applications or each member's own copy. Data that is gone is an answer: an empty one.
   * @throws Error when a question was not answered, or not by everything that holds the data
   */
  ask(target: StoreTarget, of: 'clients' | 'members', bounds: Bounds): Promise<QueryAnswer[]>;
  /** Removes the data. Absent: it stays. @throws Error when it could not be removed */
  remove?(target: StoreTarget, bounds: Bounds): Promise<void>;
}

/** Everything that Plumbline knows about one kind of store. It has no goals and gives no verdicts. */
export interface StoreDriver {
  readonly store: string;
  /** The errors that prove that a write did not happen; every other error is `unknown`. */
  readonly definiteFailures: readonly string[];
  /**
   * Connections of the client load at its start, and at most, if the engine's defaults are too low. The defaults suit a single leader.
   * With several members, requests to one that hangs stay in flight until their deadline.
   */
  readonly connections?: { readonly connections: number; readonly maxConnections: number };
  /** The store's part of the client load; used in the client load's own process. */
  client(connection: StoreConnection, run: string): LoadClient;
  describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription>;
  /** Queries the server of every member by itself. A member that does not answer is listed with its reason. */
  servers(target: StoreTarget, bounds: Bounds): Promise<ServerFacts[]>;
  /** True if the settings that durability rests on belong to the whole cluster: `describe` has them, and no server has its own. */
  readonly clusterWideDurability?: true;
  /** One look: is there a leader, does every member follow it, is what the store promises in force? */
  steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness>;
  /** Looks until it is steady or its bounds are reached. Does not throw if the store does not answer. */
  waitSteady(target: StoreTarget, bounds: SteadyBounds): Promise<Steadiness>;
  governing(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]>;
  /**
   * When clients are served again after the leader was hit. Null when the settings that it follows from are not known, or the fault has
   * no expectation.
   */
  expectedWindow(
    fault: string,
    governing: readonly GoverningSetting[],
    circumstances?: Circumstances,
  ): ExpectedWindow | null;
  /** Follows leader, members and endpoints until it is stopped. */
  observe(target: StoreTarget, options: ObserveOptions): Observer;
  /**
   * Reads the authoritative leader twice, then every member, and writes `readback` observations; what cannot be read whole
   * is written as `readback-failed`, never left out.
   */
  readBack(target: StoreTarget, request: ReadBackRequest, bounds: Bounds): Promise<void>;
  /** Who leads the data of this run, and who leads the cluster if that is another member; without it `describe` names the leader. */
  readonly leadership?: (target: StoreTarget, run: string, bounds: Bounds) => Promise<Leadership>;
  /** True where the cluster has a leader of its own besides the leaders of its data; `leadership` then names it as the master. */
  readonly hasMaster?: true;
  /**
   * Orders a planned change of leader and waits until the store says that it is done.
   * @throws Error when the store refuses, or does not finish: then the fault has not landed
   */
  readonly switchover?: (
    target: StoreTarget,
    request: SwitchoverRequest,
    bounds: Bounds,
  ) => Promise<Switchover>;
  /** Questions whose answers must survive a failover; failover/query asks them. */
  readonly query?: StoreQuery;
  /** Does what listens at `at` refuse writes, as a read Service must? */
  refusesWrites(
    at: { host: string; port: number },
    target: StoreTarget,
    bounds: Bounds,
  ): Promise<{ refused: boolean; detail: string }>;
  /** The same as the server itself says it, without a write. */
  onlyReads?(
    at: { host: string; port: number },
    target: StoreTarget,
    bounds: Bounds,
  ): Promise<{ refused: boolean; detail: string }>;
}

/** What `recordGoverning` needs to know of the trial. */
export interface GoverningRequest extends Partial<Circumstances> {
  fault: string;
  /** The fault's target, the leader if left out: only for the loss of the leader do the settings give a duration. */
  target?: string;
  write: (seen: NewSeen<'governing' | 'expected-window'>) => void;
}

/** Reads the settings that govern the failover and writes them with the window that follows from them. */
export async function recordGoverning(
  driver: StoreDriver,
  target: StoreTarget,
  request: GoverningRequest,
  bounds: Bounds,
): Promise<void> {
  const settings = await driver.governing(target, bounds);
  for (const setting of settings) request.write({ kind: 'governing', ...setting });
  const { target: aim = 'leader', also = [] } = request;
  if (aim !== 'leader') return;
  const window = driver.expectedWindow(request.fault, settings, { also });
  if (window !== null) request.write({ kind: 'expected-window', ...window });
}
