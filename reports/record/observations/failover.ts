import { z } from 'zod';
import { kinds, ranges } from './kinds.ts';

/** What was proved of a fault, in a few words: by its cause, never by what it led to. */
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
 * Why something could not be read back. What was only unreachable, or moved away while it was read, may be asked once more; what was
 * reached and is not as it should be stands.
 */
export const UNREAD = ['unreachable', 'moved', 'unread'] as const;
export type Unread = (typeof UNREAD)[number];

/** Why a store that answers does not let in whoever asks. */
export const NOT_LET_IN = ['tls', 'credentials'] as const;
export type NotLetIn = (typeof NOT_LET_IN)[number];

const steady = {
  ok: z.boolean(),
  leader: z.string().nullable().optional(),
  detail: z.string(),
};

/** Who holds a role, as one look saw it; `pollMs` ago, at the look before, it was still as the line before says. */
const role = {
  leader: z.string().nullable(),
  pollMs: z.number(),
  /** The last line of an observer repeats what it knew: `pollMs` ago, and not later. */
  final: z.literal(true).optional(),
};

/** What every trial records, whatever it hits: its fault, its stages, and how the environment was left. */
export const FAILOVER = kinds({
  /** Before the trial: what is not steady is not hit. */
  steady,
  /** `cannotAsk`: the store answers, and no longer lets in whoever asks. */
  'steady-after': { ...steady, cannotAsk: z.enum(NOT_LET_IN).optional() },
  /** Roles of the stores and objects of the platform, held against those noted before the trial. */
  'as-before': {
    ok: z.boolean(),
    waitedMs: z.number(),
    roles: z.array(z.object({ store: z.string(), before: z.string(), after: z.string() })),
    objects: z.number(),
    differences: z.array(z.string()),
  },
  stage: { name: z.enum(STAGES) },

  /** Everything is prepared, nothing has been done yet. `target`: the names of `members`, or what else is hit. */
  'fault-armed': {
    fault: z.string(),
    target: z.string(),
    members: z.array(
      z.strictObject({
        name: z.string(),
        uid: z.string(),
        node: z.string().nullable(),
        /** What is there to be hit: processes, a cgroup, addresses. */
        found: z.string(),
      }),
    ),
  },
  /** Done to one of them, and not proved yet. */
  'fault-acted': { member: z.string(), did: z.string() },
  /** In force for all of them. It was not yet at the first of the two times, it was at the second. */
  'fault-landed': {
    by: z.enum(LANDINGS),
    proof: z.string(),
    betweenMs: z.tuple([z.number(), z.number()]),
  },
  'fault-missed': { reason: z.string() },
  /** No fault was injected, and why. */
  'no-fault': { reason: z.string() },
  /** For controls: the replicas receive nothing any more. */
  'replicas-cut': { replicas: z.array(z.string()) },
  /** The majority that was hit is given back from here on. */
  'given-back': {},
  /** The wait for a steady stretch was given up. */
  deadline: { rtoDeadlineMs: z.number(), detail: z.string() },
  /** What ended the trial before its end, said by whoever went on with the series. */
  'cut-off': { reason: z.string() },

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
  'restored-early-done': { undone: z.array(z.string()), failed: z.array(z.string()) },

  /** A live setting of the store that decides how a failover goes. */
  governing: { name: z.string(), value: z.string(), source: z.string() },
  /** When clients should be served again, by those settings. */
  'expected-window': { loMs: z.number(), hiMs: z.number(), derivation: z.string() },

  leader: role,
  /** Where the cluster has a leader of its own besides the leader of its data. */
  master: role,
  /** How many members follow the leader. */
  members: { streaming: z.number(), pollMs: z.number() },
  /** Addresses behind the Service that applications use. */
  endpoint: { addresses: z.array(z.string()) },

  /** Whom a read-back is going to read, and whose writes. */
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
  'readback-failed': { source: z.string(), why: z.enum(UNREAD), reason: z.string() },
  /** Not exactly one member leads: those that take themselves for the leader, and what was seen of each. */
  'readback-leaders': { leaders: z.array(z.string()), seen: z.string() },
  /** What follows was read again, because something could not be reached the first time. What had been seen until then stands. */
  'readback-again': { reason: z.string() },
});
