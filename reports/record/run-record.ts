import { z } from 'zod';
import { gpuDetailSchema } from './details/gpu-detail.ts';
import { goalEntrySchema, loadDetailSchema, scalingDetailSchema } from './details/load-detail.ts';
import { pressureSchema } from './pressure.ts';
import { telemetryDetailSchema } from './details/telemetry-detail.ts';
import { NOT_RUN_BY } from './not-run-by.ts';
import { SCOPES, VERDICTS } from './verdict.ts';

/** The run record: `run.json`. Every report is a pure function of it. Its JSON Schema is reports/record/run.schema.json. */
export const RUN_SCHEMA = 4;

const verdict = z.enum(VERDICTS);
const iso = z.string();

export const evidenceSchema = z.object({ source: z.string(), text: z.string(), at: iso.optional() });
export const figureSchema = z.object({
  name: z.string(),
  value: z.union([z.number(), z.string(), z.null()]),
  unit: z.string().optional(),
  goal: z.union([z.number(), z.string()]).optional(),
});
export const findingSchema = z.object({
  subject: z.string(),
  ok: z.boolean(),
  expected: z.string(),
  seen: z.string(),
});

/** Something that the environment file lets off, with its reason: the check does not judge it. */
export const exemptionSchema = z.object({
  what: z.enum(['container', 'object', 'setting', 'node group', 'workload']),
  subject: z.string(),
  reason: z.string(),
});

/** An interval that the sampling supports: the true value lies in [lo, hi]. Milliseconds. */
export const intervalSchema = z.object({ loMs: z.number(), hiMs: z.number() });
export const outageSchema = z.object({
  /** Last ok before and first ok after, ms since the fault landed; null: never again before the deadline. */
  lastOkMs: z.number(),
  firstOkMs: z.number().nullable(),
  lengthMs: intervalSchema,
  failed: z.number(),
  unknown: z.number(),
});
export const phaseSchema = z.object({
  name: z.enum([
    'landed',
    'detected',
    'elected',
    'endpoint moved',
    'first ok write',
    'steady',
    'replicas restored',
  ]),
  /** ms since the fault landed; null when it was not seen. */
  atMs: z.number().nullable(),
  /** Half-width of the polling interval in which it was seen, ms. */
  errorMs: z.number(),
  detail: z.string().optional(),
});
export const writeSumsSchema = z.object({
  scheduled: z.number(),
  ok: z.number(),
  fail: z.number(),
  unknown: z.number(),
  unsent: z.number(),
  present: z.number(),
  lost: z.number(),
  recovered: z.number(),
  absent: z.number(),
  /** Writes reported as failed that are absent, and those that are there all the same. */
  failAbsent: z.number(),
  unexpected: z.number(),
  duplicates: z.number(),
});
/** The client: its rates, its settings, and the errors that prove that nothing was written. */
export const clientLoadSchema = z.object({
  client: z.string(),
  ratePerSecond: z.number(),
  readRatePerSecond: z.number(),
  settings: z.array(z.object({ name: z.string(), value: z.string() })),
  definiteFailures: z.array(z.string()),
});
/** How the environment was left, compared with how it was found. Roles are multisets: leaders may have changed. */
export const afterwardsSchema = z.object({
  steady: z.boolean().nullable(),
  detail: z.string(),
  roles: z.array(z.object({ store: z.string(), before: z.string(), after: z.string() })),
  /** Objects compared; null: they were not looked at. */
  objects: z.number().nullable(),
  differences: z.array(z.string()),
});
/** For checks that send requests instead of numbered writes: outcomes of the requests in the window. */
export const requestSumsSchema = z.object({
  windowMs: z.number(),
  /** Time after the fault in which failures are allowed; 0: none. */
  allowanceMs: z.number(),
  judged: z.number(),
  ok: z.number(),
  /** Without a good answer, those of `refused` included: of what is left without them, the service is to blame. */
  failed: z.number(),
  unanswered: z.number(),
  unsent: z.number(),
  /** Judged requests that were refused before the service answered (401, 403, 429, a login): it did not fail. Left out: none. */
  refused: z.number().optional(),
  /** Of the judged seconds, those in which at least one request failed: failures come in clusters. A refused request did not. */
  seconds: z.number(),
  secondsWithFailures: z.number(),
  /** From the landing to the end of the last request that failed and was not refused, ms; null: none failed. */
  lastFailureMs: z.number().nullable(),
  /** Error classes, most frequent first. */
  errors: z.array(z.object({ error: z.string(), count: z.number() })),
});
/** The price of a trial in error budget: time in which requests fail, weighted with the share of the traffic that they are. */
export const budgetSchema = z.object({
  /** Estimated before the fault. */
  estimateMs: z.number(),
  /** Share of the environment's requests that need what was hit. */
  share: z.number(),
  derivation: z.string(),
  /** Whether the fault had to be undone once the estimate was passed. */
  enforced: z.boolean(),
  /** null: it was not counted to the end. */
  spentMs: z.number().nullable(),
  longestOutageMs: z.number().nullable(),
  /** Why the fault was undone early; null: it was not. */
  restoredEarly: z.string().nullable(),
});
/** One statement of a judge, with a verdict of its own; the worst is the check's. */
export const ruleSchema = z.object({
  id: z.string(),
  verdict,
  text: z.string(),
  /** It limits a duration. */
  ofTime: z.literal(true).optional(),
});
/** Why a run's verdict is not better; `check` is null for a reason that belongs to no single check. */
export const reasonSchema = z.object({ check: z.string().nullable(), text: z.string() });
const generatorLag = z.object({
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
  atEdges: z.number(),
  /** p99 of operations that were due outside of outages. */
  outside: z.number().optional(),
});
/** What clients saw that write by a further path, beside those of the address that applications use. */
export const pathRecordSchema = z.object({
  name: z.string(),
  rto: intervalSchema.nullable(),
  rtoNote: z.string().optional(),
  /** Outages since the fault; null: the path was not recorded. */
  outages: z.number().nullable(),
  /** When it was out since the fault, by the outer bounds, ms since the fault landed; null: never again. */
  away: z.array(z.object({ fromMs: z.number(), toMs: z.number().nullable() })).optional(),
  writesPerSecond: z.number().optional(),
  generatorLagMs: generatorLag.optional(),
});
/** One trial of a failover check. */
export const failoverRecordSchema = z.object({
  store: z.string(),
  fault: z.string(),
  trial: z.number(),
  verdict,
  reason: z.string(),
  rules: z.array(ruleSchema).optional(),
  startedAt: iso,
  target: z.string(),
  landed: z.object({
    proved: z.boolean(),
    by: z.string(),
    atMs: z.number().nullable(),
    /** False: nothing was hit at all. */
    injected: z.boolean().optional(),
  }),
  election: z.enum(['elsewhere', 'in place', 'not seen', 'not applicable']),
  leaderBefore: z.string().nullable(),
  leaderAfter: z.string().nullable(),
  rto: intervalSchema.nullable(),
  rtoNote: z.string().optional(),
  /** The declared further paths of clients; left out: none is declared. */
  paths: z.array(pathRecordSchema).optional(),
  /** All outages since the fault, and how long they were together. */
  sinceFault: z.object({ outages: z.number(), totalMs: intervalSchema }).optional(),
  outages: z.array(outageSchema),
  outageTotalMs: z.number(),
  phases: z.array(phaseSchema),
  writes: writeSumsSchema.nullable(),
  lostNumbers: z.array(z.number()),
  duplicateNumbers: z.array(z.number()),
  lossWindowMs: z.number().nullable(),
  generatorLagMs: generatorLag,
  writesPerSecond: z.number(),
  /** Per 100 ms bin since 5 s before the fault: [binStartMs, ok, notOk]. For the outage strip. */
  strip: z.array(z.tuple([z.number(), z.number(), z.number()])),
  governing: z.array(z.object({ name: z.string(), value: z.string(), source: z.string() })),
  expectedWindowMs: intervalSchema.nullable(),
  /** Settings that the window is derived from. */
  expectedFrom: z.string().optional(),
  outsideExpected: z.enum(['no', 'faster', 'slower', 'unknown']),
  /** Wall clock of the record's zero: the landing, else the action, else the first write. */
  zeroAt: iso.optional(),
  clientLoad: clientLoadSchema.optional(),
  afterwards: afterwardsSchema.optional(),
  requests: requestSumsSchema.optional(),
  /** What a reader must know of this trial: simulated, stubbed, one member. */
  remarks: z.array(z.string()).optional(),
  /** Where the trial itself spent its time, by stage: steady before, fault, recovery, healing, read-back, settling. */
  spentMs: z.record(z.string(), z.number()).optional(),
  budget: budgetSchema.optional(),
});

export const checkResultSchema = z.object({
  id: z.string(),
  suite: z.string(),
  title: z.string(),
  section: z.string(),
  goal: z.string(),
  goalSource: z.enum(['assumed', 'confirmed', 'none']),
  required: z.boolean(),
  /** Whether this version has the check; one that it has not is `not-run`. */
  built: z.boolean(),
  stubbed: z.array(z.string()),
  /** Adapters that it used and that no real product has answered yet. */
  notMet: z.array(z.string()).optional(),
  verdict,
  reason: z.string(),
  /** What keeps it from being run; left out: it ran, or the record is older than this field. */
  notRunBy: z.enum(NOT_RUN_BY).optional(),
  /** What would have to be declared for it, where that keeps it from being run. */
  lacks: z.array(z.string()).optional(),
  /** What the verdict rests on. */
  rules: z.array(ruleSchema).optional(),
  expected: z.string(),
  seen: z.string(),
  figures: z.array(figureSchema),
  findings: z.array(findingSchema),
  findingsTotal: z.number(),
  /** What the environment file lets off; left out: nothing. */
  exemptions: z.array(exemptionSchema).optional(),
  /** Entries of that file that matched nothing in this run, where the check looked; left out: none. */
  unmatchedExemptions: z.array(exemptionSchema).optional(),
  evidence: z.array(evidenceSchema),
  trials: z.array(failoverRecordSchema),
  /** One entry per objective; only of checks that judge objectives. */
  goals: z.array(goalEntrySchema).optional(),
  /** For checks that make a load. */
  load: loadDetailSchema.optional(),
  /** For checks of an autoscaler. */
  scaling: scalingDetailSchema.optional(),
  /** For checks of the GPU pool. */
  gpu: gpuDetailSchema.optional(),
  /** For checks that follow lines or requests into the stores of logs and traces. */
  telemetry: telemetryDetailSchema.optional(),
  /** How busy the machine or the nodes were during the check; left out: not measured. */
  pressure: pressureSchema.optional(),
  /** Narrated steps with durations, as the spec ran them. */
  steps: z.array(
    z.object({
      title: z.string(),
      durationMs: z.number(),
      startedAt: iso.optional(),
      error: z.string().optional(),
    }),
  ),
  startedAt: iso.nullable(),
  durationMs: z.number(),
  apiCalls: z.number(),
  history: z.string().nullable(),
  rerun: z.string(),
});

/** What a file of a history held when the run ended. */
export const digestSchema = z.object({
  /** Relative to `histories/`. */
  file: z.string(),
  sha256: z.string(),
  lines: z.int(),
});

export const runRecordSchema = z.object({
  schema: z.literal(RUN_SCHEMA),
  id: z.string(),
  command: z.string(),
  environment: z.object({
    name: z.string(),
    kind: z.string(),
    size: z.string().nullable(),
    clusterUid: z.string().nullable(),
    clusterVersion: z.string().nullable(),
    nodes: z.number().nullable(),
    file: z.string().nullable(),
  }),
  harness: z.object({ version: z.string(), commit: z.string().nullable(), node: z.string() }),
  profile: z.string().nullable(),
  /** `selection`: only some checks were selected; the verdict says nothing about the profile. */
  scope: z.enum(SCOPES),
  /** It could make and change nothing (`--read-only`); left out: it could. */
  readOnly: z.literal(true).optional(),
  startedAt: iso,
  endedAt: iso,
  /** `interrupted` names the signal, when one ended the run early. */
  interrupted: z.string().nullable(),
  /** Why the environment could not be queried, so that every check is inconclusive; left out: it could. */
  blocked: z.string().optional(),
  verdict,
  /** The verdict in one sentence, with how many of how many checks: MET, NOT MET or INCONCLUSIVE; for a selection: passed, failed or inconclusive. */
  sentence: z.string(),
  reasons: z.array(reasonSchema),
  exitCode: z.number(),
  checks: z.array(checkResultSchema),
  /** Of every file of every trial: `judge` finds by them what was changed since. */
  digests: z.array(digestSchema),
  assumedGoals: z.number(),
  notes: z.array(z.string()),
  apiCalls: z.object({ total: z.number(), byKind: z.record(z.string(), z.number()) }),
  /** With `--baseline`: the run that this one was compared with, and what changed (`diffRuns(…).text`). */
  baseline: z.object({ id: z.string(), text: z.string() }).optional(),
  restored: z.object({
    actions: z.number(),
    failed: z.array(z.string()),
    steadyAgain: z.boolean().nullable(),
    /** Parts of the environment that could not be examined afterwards, and why: whether they are as before is unknown. */
    unseen: z.array(z.string()).optional(),
  }),
});

export type Digest = z.infer<typeof digestSchema>;
export type RunRecord = z.infer<typeof runRecordSchema>;
export type CheckResult = z.infer<typeof checkResultSchema>;
export type FailoverRecord = z.infer<typeof failoverRecordSchema>;
export type Exemption = z.infer<typeof exemptionSchema>;
export type Reason = z.infer<typeof reasonSchema>;
export type PathRecord = z.infer<typeof pathRecordSchema>;
export type Interval = z.infer<typeof intervalSchema>;
export type Outage = z.infer<typeof outageSchema>;
export type Phase = z.infer<typeof phaseSchema>;
export type ClientLoad = z.infer<typeof clientLoadSchema>;
export type Afterwards = z.infer<typeof afterwardsSchema>;
export type RequestSums = z.infer<typeof requestSumsSchema>;
export type WriteSums = z.infer<typeof writeSumsSchema>;
