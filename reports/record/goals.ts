import { z } from 'zod';

const number = z.number().optional();

/**
 * Every goal that a check may have, by name: units are in the names. An environment file that names another one is refused, so that a
 * misspelt goal is never silently the default.
 */
export const goalsSchema = z.strictObject({
  /** Trials that must count before a series may pass. */
  minTrials: number,
  /** Longest outage that ended in a steady stretch. */
  rtoSeconds: number,
  /** The same of reads beside the writes, and of all outages of reads together; if not given, the goals of writes apply. */
  readsRtoSeconds: number,
  /** Until another one leads where the leader of controllers, or of etcd, was killed. */
  leaderSeconds: number,
  /** All outages since the fault together; if not given, the RTO's goal applies. */
  totalOutageSeconds: number,
  /** Outages since the fault. */
  outages: number,
  /** 0: a leader that is only started again is a recovery as well; otherwise another one must take over in a trial at least. Default 1. */
  elections: z.literal([0, 1]).optional(),
  lostWrites: number,
  duplicates: number,
  lossWindowSeconds: number,
  /** A setting of the store by which the loss window may be longer than the failover took. */
  lossWindowBeyondFailover: z.union([z.string(), z.literal(false)]).optional(),
  windowSeconds: number,
  detectionSeconds: number,
  failedRatio: number,
  failedRequests: number,
  lostJobs: number,
  doubledJobs: number,
  degradedJobs: number,
  answeredRatio: number,
  decisionSeconds: number,
  readySeconds: number,
  latencySeconds: number,
  extraSeconds: number,
  flapSeconds: number,
  p95Ms: number,
  p99Seconds: number,
  deliveredShare: number,
  availabilityRatio: number,
  requestsPerSecond: number,
  /** By how much answers may fall behind requests, beyond the time that half of them take. */
  stallSeconds: number,
  visibleSeconds: number,
  missing: number,
  duplicatedRatio: number,
  foundRatio: number,
  maxScrapesOld: number,
  arrivalSeconds: number,
  /** How long an alert may fire: one that nobody ends says nothing of the next breach. */
  firingDays: number,
  /** Share of the panels of a dashboard that may be without data. */
  emptyPanelsRatio: number,
  /** From the end of a breach to the end of its alert. */
  endSeconds: number,
  freshScrapes: number,
  releaseSeconds: number,
  answerSeconds: number,
  degradedSeconds: number,
  /** How far the clock of a node may be off from that of the machine on which Plumbline runs. */
  clockSeconds: number,
  maxMinorSkew: number,
  minDays: number,
  /** Of its lifetime, the share that a certificate must have left which its kubelet renews by itself. */
  kubeletLifetimeShare: number,
  maxRestarts: number,
  restartWindowMinutes: number,
  /** Restart rate of a container that restarts again and again, over the life of its pod. */
  restartsPerHour: number,
  /** The same of a pod that is older than a day. */
  restartsPerDay: number,
  liveSeconds: number,
});

export type Goals = z.infer<typeof goalsSchema>;
export type GoalName = keyof Goals;
/** Goals that are numbers. */
export type NumberGoal = Exclude<GoalName, 'lossWindowBeyondFailover'>;
