import { row, rows, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

const CONTROL = [
  turns('1 s is added to every answer'),
  turns('too few samples', 'inconclusive'),
  turns('the load is not delivered', 'inconclusive'),
];

const NAMES = { latency: 'latency', availability: 'availability', throughput: 'throughput' };

function of(subject: 'api' | 'ai', label: string, p95Ms: number): CatalogueRow[] {
  const titles = Object.fromEntries(Object.entries(NAMES).map(([name, word]) => [name, `${label}: ${word}`]));
  return rows(titles, {
    prefix: `performance/${subject}`,
    section: '2',
    access: 'w w w w r',
    goal: `p95 at most ${String(p95Ms)} ms, availability at least 99.9 %, with a sample large enough to say so`,
    goals: { p95Ms, availabilityRatio: 0.999 },
    control: CONTROL,
  });
}

export const performance: readonly CatalogueRow[] = [
  ...of('api', 'API', 500),
  ...of('ai', 'AI service', 3000),
  row({
    id: 'performance/budget',
    title: 'Error budget left',
    section: '2',
    access: 'r - r r r',
    goal: 'budget left over the window, from Prometheus; gaps counted best case and worst case, and the worst holds',
    control: [turns('a gap in the series', 'inconclusive')],
  }),
];
