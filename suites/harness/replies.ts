/** Schemas of the runner's answers: an unexpected shape is a fault of the runner, reported where the answer arrives. */
import { z } from 'zod';
import type { CheckSettings } from '../catalogue/check-settings.ts';
import type { KubeObject } from '../../probes/kubernetes/types.ts';
import { goalsSchema } from '../../reports/record/goals.ts';
import { NOT_LET_IN } from '../../reports/record/observations/failover.ts';
import { settingOverride } from '../../reports/record/setting-overrides.ts';
import { heldTo } from '../../host/json.ts';
import type { Method, Result } from './protocol.ts';

/** The method returns nothing. */
const done = z.unknown().transform(() => null);
const milliseconds = z.number().nullable();
const detailed = z.object({ done: z.boolean(), detail: z.string() });

/** An object of any kind: fields of a kind are validated where the kind is known. */
const common = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
});
const kubeObject = z.custom<KubeObject>(
  (value) => common.safeParse(value).success,
  'not a Kubernetes object',
);
const listed = z.object({ items: z.array(kubeObject), unavailable: z.string().optional() });

/** Settings that every check has; the check itself determines the others. */
const everyCheck = z.object({
  kind: z.string(),
  timeouts: z.record(z.string(), z.number()),
  namespaces: z.object({}),
  stores: z.object({}),
  drills: z.object({}),
});
const settings = z.custom<CheckSettings>(
  (value) => everyCheck.safeParse(value).success,
  'not the settings of a check',
);

const landed = z.object({
  target: z.string(),
  landedAtMs: milliseconds,
  proof: z.string(),
  lasting: z.boolean().optional(),
  untouched: z.boolean().optional(),
});
const setting = z.object({ name: z.string(), value: z.string(), source: z.string() });
const governing = z.array(setting);
const ran = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

const edgeAnswer = z.object({
  status: z.number(),
  ok: z.boolean(),
  why: z.string(),
  correlationIdSeen: z.string(),
  headers: z.record(z.string(), z.string()),
  authorized: z.boolean(),
  tlsError: z.string(),
  withheld: z.literal(true).optional(),
  ms: z.number(),
});

const REPLIES: { readonly [M in Method]: z.ZodType<Result<M>> } = {
  'check.begin': z.object({ folder: z.string(), goals: goalsSchema, settings }),
  // The fields of the judgement are not validated.
  'check.end': done,
  'lock.acquire': done,
  'cluster.list': listed,
  'cluster.wait': listed,
  'cluster.apply': done,
  'cluster.delete': done,
  'cluster.logs': z.string(),
  'cluster.exec': ran,
  'cluster.authority': z.object({ pem: z.string().nullable(), skipsVerification: z.boolean() }),
  'cluster.raw': z.object({ status: z.number(), body: z.string() }),
  'clientLoad.start': done,
  'clientLoad.stop': done,
  'clientLoad.wait': z.object({
    met: z.boolean(),
    acknowledged: z.number(),
    failed: z.number(),
    detail: z.string(),
  }),
  'clientLoad.readBack': done,
  'application.look': z.union([
    z.object({ answer: edgeAnswer }),
    z.object({ failed: z.string() }),
    z.object({ unavailable: z.string() }),
  ]),
  'application.draft': z.union([
    z.object({
      status: z.number().nullable(),
      degraded: z.boolean().nullable(),
      written: z.boolean(),
      ms: z.number(),
      error: z.string(),
    }),
    z.object({ unavailable: z.string() }),
  ]),
  'load.start': done,
  'load.stop': z.object({ stopped: z.boolean() }),
  'load.ended': z.object({ ended: z.boolean() }),
  'metrics.record': z.object({ unavailable: z.string().optional() }),
  'telemetry.start': done,
  'telemetry.sent': done,
  'telemetry.answers': z.object({ ended: z.number(), failed: z.number() }),
  'telemetry.finish': done,
  'telemetry.stop': done,
  'telemetry.disk': done,
  'telemetry.recent': done,
  'telemetry.ask': z.object({
    seen: z.number(),
    silent: z.string().optional(),
    panels: z.record(z.string(), z.number()).optional(),
  }),
  'telemetry.page': z
    .object({
      status: z.number(),
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      base64: z.string(),
      withheld: z.boolean().optional(),
    })
    .nullable(),
  'clocks.nodes': z.array(z.object({ node: z.string(), offsetMs: z.number(), errorMs: z.number() })),
  'fault.inject': landed,
  'fault.restore': done,
  'observer.start': done,
  'observer.stop': done,
  'store.describe': z.object({
    leader: z.string().nullable(),
    term: z.string().optional(),
    members: z.array(z.object({ name: z.string(), role: z.string(), state: z.string() })),
    conditions: z
      .array(
        z.object({ name: z.string(), ok: z.boolean().nullable(), expected: z.string(), seen: z.string() }),
      )
      .optional(),
    governing,
  }),
  'store.servers': z.object({
    servers: z.array(
      z.object({
        member: z.string(),
        dataFolders: z.array(z.string()),
        settings: z.array(
          setting.extend({ override: settingOverride.optional(), hiddenBy: z.string().optional() }),
        ),
        keepsNone: z.string().optional(),
        foldersUnseen: z.string().optional(),
        failed: z.string().optional(),
      }),
    ),
    clusterWide: z.boolean(),
  }),
  'store.steady': z.object({
    ok: z.boolean(),
    leader: z.string().nullable(),
    detail: z.string(),
    cannotAsk: z.enum(NOT_LET_IN).optional(),
  }),
  'store.governing': done,
  'store.refusesWrites': z.object({ refused: z.boolean(), detail: z.string() }),
  'store.onlyReads': z.object({ refused: z.boolean().nullable(), detail: z.string() }),
  'query.prepare': z.object({
    leader: z.string().nullable(),
    expected: z.array(z.object({ question: z.string(), answer: z.array(z.string()) })),
  }),
  'query.ask': z.object({
    answers: z
      .array(z.object({ source: z.string(), question: z.string(), answer: z.array(z.string()) }))
      .nullable(),
    detail: z.string(),
  }),
  'query.remove': done,
  'state.note': z.object({ unrest: z.array(z.string()) }),
  'state.compare': z.object({ same: z.boolean(), detail: z.string() }),
  'evidence.collect': done,
  'node.apiServer': done,
  'controlPlane.crash': landed,
  'deployment.restart': landed,
  'deployment.rolledOut': detailed,
  'node.restart': z.object({ startedMs: z.number(), readyMs: milliseconds, detail: z.string() }),
  'gpu.utilisation': z.object({
    samples: z.array(
      z.object({
        device: z.string(),
        node: z.string(),
        pod: z.string().nullable(),
        namespace: z.string().optional(),
        value: z.number().nullable(),
        atSeconds: z.number().nullable(),
      }),
    ),
    nowSeconds: z.number().nullable(),
    unavailable: z.string().optional(),
  }),
  'ai.jobs': z.object({ detail: z.string() }),
  'ai.behave': z.object({ unavailable: z.string().optional() }),
  'ai.rest': done,
  'ai.scanLogs': done,
  'progress.event': done,
};

/** @throws Error for an answer of unexpected shape */
export function replyTo<M extends Method>(method: M, answer: unknown): Result<M> {
  return heldTo<Result<M>>(REPLIES[method], answer, `runner method ${method}`);
}

/** The envelope of an answer; its result is held to its method. */
export const envelope = z.union([
  z.object({ id: z.number(), error: z.object({ message: z.string(), reason: z.string() }) }),
  z.object({ id: z.number(), result: z.unknown() }),
]);
