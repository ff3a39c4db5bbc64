import type { Environment } from '../../env/schema.ts';
import { ai, objectives, prometheus, together, wholeTopology } from './reads.ts';
import { aiBehindEdge, backend } from './requirements.ts';
import { always, row, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

/** Less of the offered load than this was not delivered as stated. */
const DELIVERED_SHARE = 0.98;

interface Subject {
  name: 'api' | 'ai';
  label: string;
  p95Ms: number;
  /** Good answers a second. */
  requestsPerSecond: number;
  stubbed?: string[];
  /** What of these rows is not as it is of the other subject. */
  of: Pick<CatalogueRow, 'requires' | 'parts' | 'reads'>;
  /** How long its load lasts, s. */
  seconds: (environment: Environment) => number;
  /** What is looked at, of a subject whose title does not say it. */
  does?: (what: string) => string;
}

const withObjectives = together(wholeTopology, objectives, prometheus);

function of({
  name,
  label,
  p95Ms,
  requestsPerSecond,
  stubbed,
  of: own,
  seconds,
  does,
}: Subject): CatalogueRow[] {
  const shared = {
    ...own,
    section: '2',
    access: 'w w w w r',
    built: true,
    alone: always,
    onlyMakes: true,
    time: {
      waits: ['loadStop', 'loadStop', 'settle', 'settle'],
      workMs: (environment) => seconds(environment) * 1000,
      usualMs: 60_000,
    },
    ...(stubbed !== undefined && { stubbed }),
  } as const satisfies Partial<Parameters<typeof row>[0]>;
  const looks = (what: string) => (does === undefined ? {} : { does: does(what) });
  const sample = 'with a sample large enough to say so';
  return [
    row({
      ...shared,
      id: `performance/${name}/latency`,
      title: `${label}: latency`,
      ...looks('how long they take'),
      goal: `p95 at most ${String(p95Ms)} ms, ${sample}`,
      goals: { p95Ms, deliveredShare: DELIVERED_SHARE },
      control: [turns('1 s is added to every answer')],
    }),
    row({
      ...shared,
      id: `performance/${name}/availability`,
      title: `${label}: availability`,
      ...looks('how many are answered well; a degraded draft is not'),
      goal: `at least 99.9 % of the requests answered well, ${sample}`,
      goals: { availabilityRatio: 0.999, deliveredShare: DELIVERED_SHARE },
      control: [turns('a share of the answers fails'), turns('too few samples', 'inconclusive')],
    }),
    row({
      ...shared,
      id: `performance/${name}/throughput`,
      title: `${label}: throughput`,
      ...looks('how many a second are answered well'),
      goal: `at least ${String(requestsPerSecond)} good ${requestsPerSecond === 1 ? 'answer' : 'answers'} a second, of a load that asks for as many`,
      goals: { requestsPerSecond, deliveredShare: DELIVERED_SHARE },
      control: [turns('a share of the answers fails'), turns('the load is not delivered', 'inconclusive')],
    }),
  ];
}

export const performance: readonly CatalogueRow[] = [
  ...of({
    name: 'api',
    label: 'API',
    p95Ms: 500,
    requestsPerSecond: 25,
    of: {
      parts: [],
      requires: backend,
      reads: together(withObjectives, ({ load }) => ({ steady: load.steady })),
    },
    seconds: ({ load }) => load.steady.seconds,
  }),
  ...of({
    name: 'ai',
    label: 'AI service',
    p95Ms: 3000,
    requestsPerSecond: 1,
    stubbed: ['LLM'],
    of: {
      parts: ['ai'],
      requires: aiBehindEdge,
      reads: together(withObjectives, ai, ({ ai: service, load }) => ({
        steady: service === undefined ? load.steady : service.load,
      })),
    },
    seconds: ({ ai: service }) => service?.load.seconds ?? 0,
    does: (what) => `drafts through the edge at one rate (ai.load), each of which asks the model: ${what}`,
  }),
  row({
    id: 'performance/budget',
    title: 'Error budget left',
    section: '2',
    access: 'r - r r r',
    goal: 'budget left over the window, from Prometheus; gaps counted best case and worst case, and the worst holds',
    control: [turns('bad requests spend the budget'), turns('a gap in the series', 'inconclusive')],
    built: true,
    requires: {
      what: 'prometheus and objectives',
      declares: ({ prometheus: declared, objectives: all }) => declared !== undefined && all.length > 0,
    },
    reads: together(withObjectives, ({ load }) => ({ steady: load.steady })),
    // Where a window is the run of an embedded environment: readers come first, and what it is to judge comes from those that make load.
    alone: ({ cluster, objectives: all }) =>
      'embedded' in cluster && all.some(({ window }) => window.kind === 'run'),
    time: {
      waits: ['prometheusQuery', 'settle'],
      workMs: (_environment, { answers, waitMs }) => answers() * waitMs('prometheusPart'),
      usualMs: 5_000,
    },
  }),
];
