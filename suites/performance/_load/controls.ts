import { rollOutBackend } from '../../_breaking/backend.ts';
import { changeModel } from '../../_breaking/model.ts';
import { controlsFor } from '../../harness/control.ts';
import type { Control, ControlContext } from '../../harness/control.ts';
import { failing } from './breaking.ts';

/** Twice the goal for the p95, and what the catalogue says of its control. */
const ADDED_MS = 1000;

/** Enough to show a p95 of more than a second, and short. */
const SHORT = { requestsPerSecond: 10, seconds: 20 };

/** 200 requests: 2,995 are the fewest that can show 99.9 %. */
const FEW = SHORT;

/** Two users cannot make so many requests. */
const TOO_FAST = { requestsPerSecond: 2000, seconds: 10, maxUsers: 2 };

/** Share of the model's answers that fail: enough that drafts still fail although the service retries. */
const FAILING_MODEL = 0.7;

/** 1,000 requests, of which every tenth fails: far from any goal, however it is counted. */
const FAILING_LOAD = { requestsPerSecond: 50, seconds: 20 };

/** As a share of the offered rate: more than the nine in ten that succeed, and less than all. */
const NEARLY_ALL = 0.96;

/** What is loaded, and how a second is added to its answers. */
interface Subject {
  name: 'api' | 'ai';
  /** Goals that are met only without the added second, where the environment's own would be met with it too. */
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

export const controls: readonly Control[] = SUBJECTS.flatMap(controlsOf);

function controlsOf({ name, goals, slow: slowDown, failing: fails, load }: Subject): Control[] {
  const title = 'a share of the answers fails';
  return [
    ...controlsFor(`performance/${name}/availability`, {
      failing: {
        title,
        seen: /failed|answered well/,
        settings: { settings: { steady: load } },
        break: fails,
      },
      few: {
        verdict: 'inconclusive',
        title: `${FEW.requestsPerSecond * FEW.seconds} requests cannot show 99.9 %`,
        seen: /2995 requests/,
        settings: { settings: { steady: FEW } },
      },
    }),
    ...controlsFor(`performance/${name}/throughput`, {
      failing: {
        title,
        seen: /good answers a second/,
        settings: {
          goals: { requestsPerSecond: load.requestsPerSecond * NEARLY_ALL },
          settings: { steady: load },
        },
        break: fails,
      },
      undelivered: {
        verdict: 'inconclusive',
        title: `${TOO_FAST.maxUsers} users cannot make ${TOO_FAST.requestsPerSecond} requests a second`,
        seen: /the load was not delivered/,
        settings: { settings: { steady: TOO_FAST } },
      },
    }),
    ...controlsFor(`performance/${name}/latency`, {
      slow: {
        title: `${ADDED_MS / 1000} s is added to every answer`,
        seen: /^p95 1\d{3}(\.\d+)? ms/,
        settings: { settings: { steady: SHORT }, ...(goals !== undefined && { goals }) },
        break: slowDown,
      },
    }),
  ];
}

function slow(ctx: ControlContext): Promise<void> {
  return rollOutBackend(ctx, `the backend that answers ${ADDED_MS} ms later`, ({ env = [], ...rest }) => ({
    ...rest,
    env: [...env, { name: 'ANSWER_DELAY_MS', value: String(ADDED_MS) }],
  }));
}
