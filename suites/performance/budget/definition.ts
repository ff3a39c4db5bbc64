import { together } from '../../catalogue/reads.ts';
import { objectives, prometheus } from '../../catalogue/requirements.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';
import { withObjectives } from '../_load/definition.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'performance/budget',
    order: 990,
    title: 'Error budget left',
    section: '2',
    access: 'r - r r r',
    goal: 'error budget left over the window, from Prometheus; gaps are counted once as good and once as bad, and the worse result decides',
    requires: [prometheus, objectives],
    asksObjectives: true,
    reads: together(withObjectives, ({ load }) => ({ steady: load.steady })),
    // Where the window is the run, this check must come after those that make load: otherwise, as a reader, it would run first.
    alone: ({ objectives: all }) => all.some(({ window }) => window.kind === 'run'),
    time: {
      waits: ['prometheusQuery', 'settle'],
      workMs: (_environment, { answers, waitMs }) => answers() * waitMs('prometheusPart'),
      usualMs: 5_000,
    },
  }),
];
