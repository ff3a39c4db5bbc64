import { row, turns } from './row.ts';
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
}

function of({ name, label, p95Ms, requestsPerSecond, stubbed }: Subject): CatalogueRow[] {
  const shared = {
    section: '2',
    access: 'w w w w r',
    built: true,
    ...(stubbed !== undefined && { stubbed }),
  };
  const sample = 'with a sample large enough to say so';
  return [
    row({
      ...shared,
      id: `performance/${name}/latency`,
      title: `${label}: latency`,
      goal: `p95 at most ${String(p95Ms)} ms, ${sample}`,
      goals: { p95Ms, deliveredShare: DELIVERED_SHARE },
      control: [turns('1 s is added to every answer')],
    }),
    row({
      ...shared,
      id: `performance/${name}/availability`,
      title: `${label}: availability`,
      goal: `at least 99.9 % of the requests answered well, ${sample}`,
      goals: { availabilityRatio: 0.999, deliveredShare: DELIVERED_SHARE },
      control: [turns('a share of the answers fails'), turns('too few samples', 'inconclusive')],
    }),
    row({
      ...shared,
      id: `performance/${name}/throughput`,
      title: `${label}: throughput`,
      goal: `at least ${String(requestsPerSecond)} good ${requestsPerSecond === 1 ? 'answer' : 'answers'} a second, of a load that asks for as many`,
      goals: { requestsPerSecond, deliveredShare: DELIVERED_SHARE },
      control: [turns('a share of the answers fails'), turns('the load is not delivered', 'inconclusive')],
    }),
  ];
}

export const performance: readonly CatalogueRow[] = [
  ...of({ name: 'api', label: 'API', p95Ms: 500, requestsPerSecond: 25 }),
  ...of({ name: 'ai', label: 'AI service', p95Ms: 3000, requestsPerSecond: 1, stubbed: ['LLM'] }),
  row({
    id: 'performance/budget',
    title: 'Error budget left',
    section: '2',
    access: 'r - r r r',
    goal: 'budget left over the window, from Prometheus; gaps counted best case and worst case, and the worst holds',
    control: [turns('bad requests spend the budget'), turns('a gap in the series', 'inconclusive')],
    built: true,
  }),
];
