import { z } from 'zod';
import { change } from './change.ts';
import { settingOverride } from '../setting-overrides.ts';
import { kinds, ranges } from './kinds.ts';

/** How a fault was proved to be in force: by its cause, never by its effect. */
export const LANDINGS = [
  'processes gone',
  'cgroup frozen',
  'packets dropped',
  'packets dropped, then every process gone',
  'power off',
  'UID gone from the API',
  'order carried out',
  'template replaced',
] as const;
export type LandedBy = (typeof LANDINGS)[number];

/** Where a trial spends its time, in this order: a stage lasts until the next begins. */
export const STAGES = ['steady before', 'fault', 'recovery', 'healing', 'read-back', 'settling'] as const;
export type StageName = (typeof STAGES)[number];

/**
 * Why a read-back failed. A source that was unreachable, or moved while it was read, may be read once more.
 * A wrong answer from a source that was reached stands.
 */
export const UNREAD = ['unreachable', 'moved', 'unread'] as const;
export type Unread = (typeof UNREAD)[number];

/** Why a store that answers cannot be judged by that: it refuses the login, or says more than is read. */
export const NOT_LET_IN = ['tls', 'credentials', 'too-large'] as const;
export type NotLetIn = (typeof NOT_LET_IN)[number];

const steady = {
  ok: z.boolean(),
  leader: z.string().nullable().optional(),
  detail: z.string(),
  /** The store answers, but refuses the login, or says more than is read. */
  cannotAsk: z.enum(NOT_LET_IN).optional(),
};

/** Who holds a role, as one look saw it. At the look before, `pollMs` earlier, the previous line still held. */
const role = {
  leader: z.string().nullable(),
  pollMs: z.number(),
  /** Last line of an observer: repeats what was known `pollMs` ago, not what holds now. */
  final: z.literal(true).optional(),
};

/** What a fault acts on in a member: a container by its id, processes as `number@start number@start`, in clock ticks since the node's start. */
const actedOn = { container: z.string().optional(), processes: z.string().optional() };
const hit = z.strictObject({ uid: z.string(), node: z.string().nullable(), ...actedOn });
/** What was hit of one member, as who acted found it. */
export type Hit = z.infer<typeof hit>;

/** What every trial records, whatever it hits: its fault, its stages, and how the environment was left. */
export const FAILOVER = kinds({
  /** Before the trial: a store that is not steady is not hit. */
  steady,
  'steady-after': steady,
  /** Roles of the stores and objects of the platform, compared with those noted before the trial. */
  'as-before': {
    roles: z.array(z.object({ store: z.string(), before: z.string(), after: z.string() })),
    /** Stores whose roles could not be compared: the name, a comma, and what was known of it before. */
    uncompared: z.array(z.string()).optional(),
    objects: z.number(),
    differences: z.array(change),
    /** Why the last look could not be taken; left out: it was. */
    unseen: z.string().optional(),
  },
  /** A template of the platform changed, or a node went: so may a rolling restart of ours. */
  'others-acted': {
    change,
    /** What controls the object, such as `Cluster postgres` of an operator; left out: nothing does. */
    owner: z.string().optional(),
    /** The last look at which it was as before, and the one that saw it changed. */
    betweenMs: z.tuple([z.number(), z.number()]),
  },
  stage: { name: z.enum(STAGES) },

  /** Everything is prepared; nothing has been done yet. `target`: the names of `members`, or the object that is hit. */
  'fault-armed': {
    fault: z.string(),
    target: z.string(),
    members: z.array(
      z.strictObject({
        name: z.string(),
        uid: z.string(),
        node: z.string().nullable(),
        /** What will be hit: processes, a cgroup, addresses. */
        found: z.string(),
        /** The same as data; left out: it acts on neither. */
        ...actedOn,
      }),
    ),
  },
  /** Done to one member, not proved yet. */
  'fault-acted': { member: z.string(), did: z.string() },
  /** In force for all members. It was not at the first of the two times, and was at the second. */
  'fault-landed': {
    by: z.enum(LANDINGS),
    proof: z.string(),
    /** What was hit, by the uid of its pod, one of each member. */
    hit: z.array(hit),
    betweenMs: z.tuple([z.number(), z.number()]),
  },
  'fault-missed': { reason: z.string() },
  /** No fault was injected, and why. */
  'no-fault': { reason: z.string() },
  /** For controls: the replicas receive nothing any more. */
  'replicas-cut': { replicas: z.array(z.string()) },
  /** From here on the majority that was hit is being restored. */
  'given-back': {},
  /** The wait for a steady stretch was given up. */
  deadline: { rtoDeadlineMs: z.number(), detail: z.string() },

  /** What a fault may cost: the outage that is expected, weighted with the share of the traffic that it stops. */
  'budget-estimate': {
    /** What the expected outage follows from. */
    from: z.enum(['window', 'goal', 'deadline']),
    outageMs: z.number(),
    share: z.number(),
    estimateMs: z.number(),
    derivation: z.string(),
    enforced: z.boolean(),
  },
  'budget-spent': { spentMs: z.number(), longestOutageMs: z.number() },
  'restored-early': { reason: z.string() },
  /** Somebody else took a member's pod away during the trial: reason and message of its condition `DisruptionTarget`, as it was being deleted. */
  'member-evicted': { member: z.string(), uid: z.string(), reason: z.string(), message: z.string() },
  'restored-early-done': { undone: z.array(z.string()), failed: z.array(z.string()) },

  /** A live setting of the store that decides how a failover goes. */
  governing: {
    name: z.string(),
    value: z.string(),
    source: z.string(),
    /** Whose value it is, where others have it instead of the server's. */
    override: settingOverride.optional(),
    /** What gave who asked a value of its own, this one, such as `ALTER ROLE plumbline`: what the server itself has does not show. */
    hiddenBy: z.string().optional(),
  },
  /** When clients should be served again, by those settings. */
  'expected-window': { loMs: z.number(), hiMs: z.number(), derivation: z.string() },

  leader: role,
  /** Where the cluster has a leader of its own besides the leader of its data. */
  master: role,
  /** Every member was asked whether it leads at so many looks: several that lead would have been seen. */
  'leaders-asked': { looks: z.number() },
  /**
   * A stretch in which the members themselves said that more than one leads, as consecutive looks saw it. `wrote`: those on which writes of clients
   * appeared between two of these looks, when the others led as well. `uncounted`: those whose writes could not be counted at any look.
   */
  'several-leaders': {
    leaders: z.array(z.string()),
    wrote: z.array(z.string()),
    uncounted: z.array(z.string()).optional(),
    /** Why that is no failure of this store: it is told, not judged. */
    byDesign: z.string().optional(),
    betweenMs: z.tuple([z.number(), z.number()]),
  },
  /** How many members follow the leader. */
  members: { streaming: z.number(), pollMs: z.number() },
  /** Addresses behind the Service that applications use. */
  endpoint: { addresses: z.array(z.string()) },

  /** Sources that a read-back will read, and the run whose writes it looks for. */
  'readback-plan': { run: z.string(), sources: z.array(z.string()) },
  /** What one source holds: ranges of numbers, and `[number, how often]` for each that is there more than once. */
  readback: {
    source: z.string(),
    role: z.enum(['leader', 'member']),
    pass: z.union([z.literal(1), z.literal(2)]),
    present: ranges,
    duplicates: ranges,
    complete: z.boolean(),
  },
  /**
   * A member that is in the cluster and holds no copy of what was written, by the cluster's own word: its roles allow no data, or every copy is
   * elsewhere. `copies`: how many the cluster lists in all, each of which must have been read back.
   */
  'readback-without': {
    source: z.string(),
    because: z.enum(['roles', 'elsewhere']),
    copies: z.number(),
    seen: z.string(),
  },
  'readback-failed': { source: z.string(), why: z.enum(UNREAD), reason: z.string() },
  /** Not exactly one member leads: those that claim to, and what was seen of each. */
  'readback-leaders': { leaders: z.array(z.string()), seen: z.string() },
  /** The readings after this line are a second attempt, because a source could not be reached. Those before it stand. */
  'readback-again': { reason: z.string() },
});
