/** How fast, how well and how much API and AI service answer under a known load. */
import type { Environment } from '../../../env/schema.ts';
import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { percent } from '../../../reports/judge/slo/percent.ts';
import { minimumSamples } from '../../../reports/judge/statistics.ts';
import { ai, contract, objectives, prometheus, together, wholeTopology } from '../../catalogue/reads.ts';
import { backend, drafts } from '../../catalogue/requirements.ts';
import { always, row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

/** Below this share of the offered load, it was not delivered as stated. */
const DELIVERED_SHARE = 0.98;

/** Longer than a user waits; a request that nobody answers has been given up by then. */
const STALL_SECONDS = 15;

/** Usual time before the first request and after the last one, ms. */
const AROUND_A_LOAD_MS = 5_000;

interface Subject {
  name: 'api' | 'ai';
  /** Place of the first of its checks. */
  order: number;
  label: string;
  p95Ms: number;
  /** Good answers a second. */
  requestsPerSecond: number;
  /** Fields of the rows that differ from those of the other subject. */
  of: Pick<CatalogueRow, 'requires' | 'parts' | 'reads'>;
  /** Its load, by the key that declares it. */
  load: (environment: Environment) => Load;
  /** What each check looks at, where its title does not say it. */
  does?: (what: string) => string;
}

interface Load {
  key: string;
  requestsPerSecond: number;
  /** How long it lasts. */
  seconds: number;
}

/** Why a load cannot show a share of good answers, whatever is answered; null: it can. */
function tooFew({ key, requestsPerSecond, seconds }: Load, ratio: number): string | null {
  const [count, needed] = [requestsPerSecond * seconds, minimumSamples(ratio)];
  if (needed !== null && count >= needed) return null;
  const enough = needed === null ? 'no number of them does' : `${needed} are the fewest that do`;
  return `the ${count} requests of ${key} cannot show ${percent(ratio)}: ${enough}`;
}

/** Why a load cannot show a rate of good answers, whatever is answered; null: it can. Some of the answers may always have been bad by chance. */
function tooSlow({ key, requestsPerSecond }: Load, goal: number): string | null {
  return requestsPerSecond > goal
    ? null
    : `${key} offers ${requestsPerSecond} a second, which cannot show that ${goal} a second are answered well: it must offer more`;
}

export const withObjectives = together(wholeTopology, contract, objectives, prometheus);

function of({ name, order, label, p95Ms, requestsPerSecond, of: own, load, does }: Subject): CatalogueRow[] {
  const shared = {
    ...own,
    section: '2',
    access: 'w w w w r',
    alone: always,
    onlyMakes: true,
    touches: { runner: ['load.start', 'application.look'] },
    time: {
      waits: ['loadStop', 'loadStop', 'settle', 'settle'],
      workMs: (environment) => load(environment).seconds * 1000,
      usualMs: (environment) => load(environment).seconds * 1000 + AROUND_A_LOAD_MS,
    },
  } as const satisfies Partial<Parameters<typeof row>[0]>;
  const judged = (judge: () => Promise<{ judgeOf: (subject: 'API' | 'AI') => CheckJudge }>) => ({
    judge: async () => (await judge()).judgeOf(name === 'api' ? 'API' : 'AI'),
    observe: async () => {
      const { draftLoad, steadyLoad } = await import('./steady.ts');
      return name === 'api' ? steadyLoad : draftLoad;
    },
  });
  const looks = (what: string) => (does === undefined ? {} : { does: does(what) });
  const sample = 'with a sample large enough to say so';
  return [
    row({
      ...shared,
      id: `performance/${name}/latency`,
      order: order + 0,
      ...judged(() => import('../latency/judge.ts')),
      title: `${label}: latency`,
      ...looks('how long they take'),
      goal: `p95 at most ${String(p95Ms)} ms, ${sample}`,
      goals: { p95Ms, deliveredShare: DELIVERED_SHARE },
    }),
    row({
      ...shared,
      id: `performance/${name}/availability`,
      order: order + 10,
      ...judged(() => import('../availability/judge.ts')),
      title: `${label}: availability`,
      ...looks('how many are answered well; a degraded draft is not'),
      goal: `at least 99.9 % of the requests answered well, ${sample}; answers fall behind requests by at most ${String(STALL_SECONDS)} s more than half of them take`,
      goals: { availabilityRatio: 0.999, stallSeconds: STALL_SECONDS, deliveredShare: DELIVERED_SHARE },
      cannotPass: (environment, { availabilityRatio = 1 }) => tooFew(load(environment), availabilityRatio),
    }),
    row({
      ...shared,
      id: `performance/${name}/throughput`,
      order: order + 20,
      ...judged(() => import('../throughput/judge.ts')),
      title: `${label}: throughput`,
      ...looks('how many a second are answered well'),
      goal: `at least ${String(requestsPerSecond)} good ${requestsPerSecond === 1 ? 'answer' : 'answers'} a second, under a load that asks for more, and in most of its stretches of 10 s`,
      goals: { requestsPerSecond, stallSeconds: STALL_SECONDS, deliveredShare: DELIVERED_SHARE },
      cannotPass: (environment, { requestsPerSecond: goal = 0 }) => tooSlow(load(environment), goal),
    }),
  ];
}

export const checks: readonly CatalogueRow[] = [
  ...of({
    name: 'api',
    order: 930,
    label: 'API',
    p95Ms: 500,
    requestsPerSecond: 25,
    of: {
      parts: [],
      requires: backend,
      reads: together(withObjectives, ({ load }) => ({ steady: load.steady })),
    },
    load: ({ load }) => ({ key: 'load.steady', ...load.steady }),
  }),
  ...of({
    name: 'ai',
    order: 960,
    label: 'AI service',
    p95Ms: 3000,
    requestsPerSecond: 1,
    of: {
      parts: ['ai'],
      requires: drafts,
      reads: together(withObjectives, ai, ({ ai: service, load }) => ({
        steady: service === undefined ? load.steady : service.load,
      })),
    },
    load: ({ ai: service }) => ({
      key: 'ai.load',
      ...(service?.load ?? { requestsPerSecond: 0, seconds: 0 }),
    }),
    does: (what) => `drafts through the edge at one rate (ai.load), each of which asks the model: ${what}`,
  }),
];
