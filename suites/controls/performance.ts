/** Controls of performance/…: a service that is slow or fails, a load that says too little or does not come, and a Prometheus that forgot. */
import { changeModel } from './ai.ts';
import { rollOutBackend } from './backend.ts';
import type { Control, ControlContext } from './control.ts';
import { deployment, required } from './topology-declared.ts';
import { manyThroughTheEdge } from './topology-edge.ts';

const PROMETHEUS = deployment('observability', 'prometheus');
/** Twice the goal for the p95, and what the catalogue says of its control. */
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

/** One answer of so many fails. Its first is none: the load looks once before it begins. */
const FAIL_EVERY = 10;
/** Of the model's answers: the service asks it again, and still fails often enough. */
const FAILING_MODEL = 0.7;
/** 1,000 requests, of which every tenth fails: far from any goal, however it is counted. */
const FAILING_LOAD = { requestsPerSecond: 50, seconds: 20 };
/** More than nine in ten of what is asked for, and less than all. */
const NEARLY_ALL = 0.96;
/** Some 30 of them fail: a thousand times the budget of 99.9 % where nothing else was sent, and enough beside the loads of a whole run. */
const BAD_REQUESTS = 300;
/** Three scrapes: Prometheus knows of them. */
const SCRAPED_MS = 15_000;

/** What is loaded, and how a second is added to its answers. */
interface Subject {
  name: 'api' | 'ai';
  /** Goals that hold without the second and not with it, where the environment's own would hold with it too. */
  goals?: Record<string, unknown>;
  slow: (ctx: ControlContext) => Promise<void>;
  /** How a share of its answers is made to fail, and a load that shows it. */
  failing: (ctx: ControlContext) => Promise<void>;
  load: { requestsPerSecond: number; seconds: number };
}

const SUBJECTS: readonly Subject[] = [
  { name: 'api', slow, failing, load: FAILING_LOAD },
  {
    name: 'ai',
    goals: { p95Ms: ADDED_MS },
    slow: (ctx) =>
      changeModel(ctx, `the model is ${ADDED_MS / 1000} s slower`, ({ delayMs }) => ({
        delayMs: delayMs + ADDED_MS,
      })),
    failing: (ctx) =>
      changeModel(ctx, `the model fails in ${FAILING_MODEL * 100} of 100 cases`, () => ({
        failRatio: FAILING_MODEL,
      })),
    load: SHORT,
  },
];

export const performanceControls: readonly Control[] = [
  ...SUBJECTS.flatMap(controlsOf),
  {
    id: 'performance/budget/spent',
    check: 'performance/budget',
    verdict: 'fail',
    size: 'any',
    title: `one answer of ${FAIL_EVERY} is a 503, of ${BAD_REQUESTS} requests`,
    expectSeen: /api-requests/,
    break: spend,
  },
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

function controlsOf({ name, goals, slow: slowDown, failing: fails, load }: Subject): Control[] {
  const title = 'a share of the answers is none that was asked for';
  return [
    {
      id: `performance/${name}/availability/failing`,
      check: `performance/${name}/availability`,
      verdict: 'fail',
      size: 'any',
      title,
      expectSeen: /failed|answered well/,
      settings: { settings: { steady: load } },
      break: fails,
    },
    {
      id: `performance/${name}/throughput/failing`,
      check: `performance/${name}/throughput`,
      verdict: 'fail',
      size: 'any',
      title,
      expectSeen: /good answers a second/,
      settings: {
        goals: { requestsPerSecond: load.requestsPerSecond * NEARLY_ALL },
        settings: { steady: load },
      },
      break: fails,
    },
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

function failing(ctx: ControlContext): Promise<void> {
  return rollOutBackend(
    ctx,
    `the backend that fails once in ${FAIL_EVERY} answers`,
    ({ env = [], ...rest }) => ({
      ...rest,
      env: [...env, { name: 'ANSWER_FAIL_EVERY', value: String(FAIL_EVERY) }],
    }),
  );
}

/** Requests through the edge, some of which fail, and the time until Prometheus has counted them. */
async function spend(ctx: ControlContext): Promise<void> {
  await failing(ctx);
  const statuses = await manyThroughTheEdge(ctx, BAD_REQUESTS);
  const failed = statuses.filter((status) => status >= 500).length;
  if (failed === 0) throw new Error(`none of ${BAD_REQUESTS} requests failed`);
  ctx.log(`${failed} of ${BAD_REQUESTS} requests failed`);
  await passed(ctx, 'three scrapes', SCRAPED_MS);
}

function slow(ctx: ControlContext): Promise<void> {
  return rollOutBackend(ctx, `the backend that answers ${ADDED_MS} ms later`, ({ env = [], ...rest }) => ({
    ...rest,
    env: [...env, { name: 'ANSWER_DELAY_MS', value: String(ADDED_MS) }],
  }));
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
      const { status = {} } = await required(ctx, PROMETHEUS);
      const { readyReplicas = 0, replicas: there = 0 } = status;
      return readyReplicas === replicas && there === replicas ? true : null;
    },
    { timeoutMs: READY_MS },
  );
}
