import { changed } from './tale.ts';
import type { Bend, Tale } from './tale.ts';

const DASHBOARDS = 'telemetry/dashboards';

/** So many points in the answers of the panels at these places of a dashboard. */
const points = (count: number, of: (at: number) => boolean = () => true): Bend =>
  changed('rendered', ({ data }) => ({
    data: data.map((one, at) => (of(at) ? { ...one, points: count } : one)),
  }));

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
