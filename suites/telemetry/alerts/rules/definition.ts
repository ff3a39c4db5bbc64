import { SHARED, source } from '../../_following/declaring.ts';
import { objectives as wholeObjectives, together } from '../../../catalogue/reads.ts';
import { objectives, prometheus } from '../../../catalogue/requirements.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/alerts/rules',
    order: 900,
    title: 'Burn-rate rules are loaded',
    section: '7',
    access: 'w - w w r',
    does: 'the rule groups that Prometheus has loaded, how many series their selectors find, and the Alertmanagers to which it sends alerts; the check writes nothing',
    goal: "every objective has its group of alerting rules, loaded and healthy; each depends on series that are there, among them the objective's own, and has not fired for 30 days; Prometheus sends alerts to an Alertmanager (not judged where the server does not tell: Mimir, Thanos, VictoriaMetrics)",
    // The window of an objective where nobody chose another.
    goals: { firingDays: 30 },
    reads: together(SHARED.reads, wholeObjectives),
    requires: [prometheus, source('alerts'), objectives],
    time: { waits: ['prometheusFirst', 'prometheusQuery', 'prometheusQuery', 'settle'], usualMs: 1_000 },
  }),
];
