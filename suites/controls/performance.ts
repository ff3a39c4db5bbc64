/** Controls of performance/…: a service that is slow, a load that says too little or does not come, and a Prometheus that forgot. */
import type { KubeObject } from '../harness/protocol.ts';
import { changeModel } from './ai.ts';
import { rollOutBackend } from './backend.ts';
import type { Control, ControlContext } from './control.ts';
import { deployment, required } from './topology-declared.ts';

const PROMETHEUS = deployment('observability', 'prometheus');
/** Twice the goal for the p95, and what CHECKS.md says. */
const ADDED_MS = 1000;
/** Enough to show a p95 of more than a second, and short. */
const SHORT = { requestsPerSecond: 10, seconds: 20 };
/** 200 requests: 2,995 are the fewest that can show 99.9 %. */
const FEW = SHORT;
/** Two users cannot make so many requests. */
const TOO_FAST = { requestsPerSecond: 2000, seconds: 10, maxUsers: 2 };
/** A server with an empty disk is ready within seconds. */
const READY_MS = 90_000;
/** More than two and a half scrapes of 5 s: that is a gap. */
const FORGOTTEN_MS = 15_000;
/** Three scrapes: so much is known again that the gap, and not silence, is what is told. */
const KNOWN_AGAIN_MS = 15_000;

/** What is loaded, and how a second is added to its answers. */
interface Subject {
  name: 'api' | 'ai';
  /** Goals that hold without the second and not with it, where the environment's own would hold with it too. */
  goals?: Record<string, unknown>;
  slow: (ctx: ControlContext) => Promise<void>;
}

const SUBJECTS: readonly Subject[] = [
  { name: 'api', slow },
  {
    name: 'ai',
    goals: { p95Ms: ADDED_MS },
    slow: (ctx) =>
      changeModel(ctx, `the model is ${ADDED_MS / 1000} s slower`, ({ delayMs }) => ({
        delayMs: delayMs + ADDED_MS,
      })),
  },
];

export const performanceControls: readonly Control[] = [
  ...SUBJECTS.flatMap(controlsOf),
  {
    id: 'performance/budget/gap',
    check: 'performance/budget',
    verdict: 'inconclusive',
    size: 'any',
    title: 'Prometheus has lost what it had recorded',
    expectSeen: /no data from/,
    break: forgetful,
  },
];

function controlsOf({ name, goals, slow: slowDown }: Subject): Control[] {
  return [
    {
      id: `performance/${name}/latency/slow`,
      check: `performance/${name}/latency`,
      verdict: 'fail',
      size: 'any',
      title: `${ADDED_MS / 1000} s is added to every answer`,
      expectSeen: /^p95 1\d{3}(\.\d+)? ms/,
      settings: { settings: { steady: SHORT }, ...(goals !== undefined && { goals }) },
      break: slowDown,
    },
    {
      id: `performance/${name}/availability/few`,
      check: `performance/${name}/availability`,
      verdict: 'inconclusive',
      size: 'any',
      title: `${FEW.requestsPerSecond * FEW.seconds} requests cannot show 99.9 %`,
      expectSeen: /2995 requests/,
      settings: { settings: { steady: FEW } },
      break: () => Promise.resolve(),
    },
    {
      id: `performance/${name}/throughput/undelivered`,
      check: `performance/${name}/throughput`,
      verdict: 'inconclusive',
      size: 'any',
      title: `${TOO_FAST.maxUsers} users cannot make ${TOO_FAST.requestsPerSecond} requests a second`,
      expectSeen: /the load was not delivered/,
      settings: { settings: { steady: TOO_FAST } },
      break: () => Promise.resolve(),
    },
  ];
}

function slow(ctx: ControlContext): Promise<void> {
  return rollOutBackend(ctx, `the backend that answers ${ADDED_MS} ms later`, ({ env, ...rest }) => ({
    ...rest,
    env: [...(env as object[]), { name: 'ANSWER_DELAY_MS', value: String(ADDED_MS) }],
  }));
}

interface Server extends KubeObject {
  status?: { readyReplicas?: number; replicas?: number };
}

/** Its data is gone with its pod; the new one must have scraped again, so that nothing else is missing. */
async function forgetful(ctx: ControlContext): Promise<void> {
  await ctx.patch(PROMETHEUS, { spec: { replicas: 0 } });
  await scaled(ctx, 0);
  await passed(ctx, 'a gap in what is recorded', FORGOTTEN_MS);
  await ctx.patch(PROMETHEUS, { spec: { replicas: 1 } });
  await scaled(ctx, 1);
  await passed(ctx, 'three scrapes', KNOWN_AGAIN_MS);
}

async function passed(ctx: ControlContext, what: string, lengthMs: number): Promise<void> {
  const begunMs = performance.now();
  await ctx.until(what, () => Promise.resolve(performance.now() - begunMs > lengthMs || null), {
    timeoutMs: lengthMs * 2,
  });
}

async function scaled(ctx: ControlContext, replicas: number): Promise<void> {
  await ctx.until(
    `${replicas} pods of Prometheus`,
    async () => {
      const { status = {} } = (await required(ctx, PROMETHEUS)) as Server;
      const { readyReplicas = 0, replicas: there = 0 } = status;
      return readyReplicas === replicas && there === replicas ? true : null;
    },
    { timeoutMs: READY_MS },
  );
}
