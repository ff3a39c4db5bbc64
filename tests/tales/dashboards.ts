import { all, changed, seen } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

const DASHBOARDS = 'telemetry/dashboards';

/** So many points in the answers of the panels at these places of a dashboard. */
const points = (count: number, of: (at: number) => boolean = () => true): Bend =>
  changed('rendered', ({ data }) => ({
    data: data.map((one, at) => (of(at) ? { ...one, points: count } : one)),
  }));

/** What Prometheus says of each query of a panel. */
const asked =
  (of: { results: number; lost: string[] }): Bend =>
  (history) => {
    const rendered = history.observations.filter((one) => one.kind === 'rendered');
    const t = history.observations.at(-1)?.t ?? 0;
    const queries = rendered.flatMap(({ data }) => data.flatMap(({ asks = [] }) => asks));
    return seen(...queries.map((query) => ({ kind: 'empty-query' as const, t, query, ...of })))(history);
  };

export const TALES: readonly Tale[] = [
  {
    number: 42,
    check: DASHBOARDS,
    says: 'every panel says "No data"',
    must: 'fail',
    rule: 'data',
    bend: points(0),
  },
  {
    check: DASHBOARDS,
    says: 'all panels but the first are without data',
    must: ['fail', 'inconclusive'],
    rule: 'data',
    bend: points(0, (at) => at > 0),
  },
  {
    check: DASHBOARDS,
    says: 'only the annotations of the dashboard have data',
    must: 'fail',
    rule: 'data',
    bend: changed('rendered', ({ data }) => ({
      data: [...data.map((_, at) => ({ panel: `${at}`, points: 0 })), { panel: null, points: 9 }],
    })),
  },
  {
    check: DASHBOARDS,
    says: 'no panel has data, though Prometheus has results for their queries',
    must: 'fail',
    rule: 'data',
    bend: all(points(0), asked({ results: 3, lost: [] })),
  },
  {
    check: DASHBOARDS,
    says: 'no panel has data, and what they select was renamed',
    must: 'fail',
    rule: 'data',
    bend: all(points(0), asked({ results: 0, lost: ['old_total'] })),
  },
  {
    check: DASHBOARDS,
    says: 'the answers to the queries of most panels were dropped',
    must: 'inconclusive',
    rule: 'data',
    bend: changed('rendered', ({ data }) => ({
      data: data.map((one, at) => (at > 0 ? { ...one, points: null } : one)),
    })),
  },
  {
    check: DASHBOARDS,
    says: 'a dashboard is of errors alone, and there are none',
    must: 'pass',
    bend: all(points(0), asked({ results: 0, lost: [] })),
  },
  {
    check: DASHBOARDS,
    says: 'a dashboard is of the logs of errors, and there are none',
    must: 'inconclusive',
    rule: 'data',
    bend: changed('rendered', ({ data }) => ({
      data: data.map((one) => ({ ...one, points: 0, asks: [] })),
    })),
  },
  {
    check: DASHBOARDS,
    says: 'one panel is of errors, and there are none',
    must: 'pass',
    bend: points(0, (at) => at === 0),
  },
  {
    check: DASHBOARDS,
    says: 'another Grafana names the panel of each query, and asks for an annotation that nobody made',
    must: 'pass',
    bend: changed('rendered', ({ data }) => ({
      data: [...data.map((one, at) => ({ ...one, panel: `${at}` })), { panel: null, points: 0 }],
    })),
  },
  {
    check: DASHBOARDS,
    says: 'its panels ask in a way that the browser does not follow',
    must: 'inconclusive',
    rule: 'data',
    bend: changed('rendered', () => ({ data: [] })),
  },
];
