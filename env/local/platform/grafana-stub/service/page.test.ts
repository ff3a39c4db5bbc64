import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { Dashboard } from './grafana.ts';
import { PAGE_SCRIPT } from './page.ts';
import { grafanaFor, NOWHERE, prometheusFor, range } from './_testing/grafana.ts';

/** A DOM element with what the page's script uses. */
class Element {
  readonly name: string;
  readonly attributes: Record<string, string> = {};
  readonly children: Element[] = [];
  textContent = '';

  constructor(name: string) {
    this.name = name;
  }

  setAttribute(key: string, value: string): void {
    this.attributes[key] = value;
  }

  append(...more: Element[]): void {
    this.children.push(...more);
  }

  /** The element and all its descendants. */
  all(): Element[] {
    return [this, ...this.children.flatMap((child) => child.all())];
  }
}

/** Runs the page's script as a browser does, and returns the elements when all panels are shown. */
async function shown(context: TestContext, prometheusUrl: string, dashboard: Dashboard): Promise<Element[]> {
  const url = await grafanaFor(context, prometheusUrl, [dashboard]);
  const root = new Element('main');
  const made = (name: string): Element => new Element(name);
  const page = {
    location: { pathname: `/d/${dashboard.uid}/slug` },
    document: {
      getElementById: () => root,
      createElement: made,
      createElementNS: (_: string, name: string) => made(name),
    },
    fetch: (path: string, how?: RequestInit) => fetch(`${url}${path}`, how),
  };
  await (runInNewContext(`${PAGE_SCRIPT}; loaded`, page) as Promise<void>);
  return root.all();
}

const target = (expr: string): object[] => [{ refId: 'A', expr }];
const datasource = { uid: 'prometheus' };
const DASHBOARD: Dashboard = {
  uid: 'u1',
  title: 'Any',
  panels: [
    { id: 1, type: 'timeseries', title: 'One', datasource, targets: target('one') },
    {
      id: 2,
      type: 'row',
      title: 'Row',
      panels: [{ id: 3, type: 'stat', title: 'Two', datasource, targets: target('two') }],
    },
  ],
};

const having = (elements: Element[], attribute: string): Element[] =>
  elements.filter(({ attributes }) => attributes[attribute] !== undefined);
const errorsOf = (elements: Element[]): string[] =>
  elements.flatMap(({ attributes }) =>
    attributes['data-testid'] === 'data-testid Panel status error' ? [attributes['title'] ?? ''] : [],
  );

test('should show the series of every panel, including those in a row', async (context) => {
  const prometheus = await prometheusFor(context, (_, parameters) =>
    range({ job: parameters.get('query') ?? '' }, '1', '2.5'),
  );
  const elements = await shown(context, prometheus, DASHBOARD);
  assert.deepEqual(
    having(elements, 'data-viz-panel-key').map(({ attributes }) => attributes['data-viz-panel-key']),
    ['panel-1', 'panel-3'],
  );
  const texts = elements.filter(({ name }) => name === 'p').map(({ textContent }) => textContent);
  assert.deepEqual(texts.sort(), ['job=one: 2.5', 'job=two: 2.5']);
  assert.deepEqual(
    having(elements, 'points').map(({ attributes }) => attributes['points']),
    ['0,30 1,0', '0,30 1,0'],
  );
  assert.deepEqual(errorsOf(elements), []);
});

test('should mark the panel whose query fails, and no other', async (context) => {
  const prometheus = await prometheusFor(context, (_, parameters) =>
    parameters.get('query') === 'one'
      ? { status: 422, body: { status: 'error', error: 'no such function' } }
      : range({}),
  );
  const elements = await shown(context, prometheus, DASHBOARD);
  assert.deepEqual(errorsOf(elements), ['no such function']);
});

test('should mark every panel if the data source does not answer, and show "No data" for a query without series', async (context) => {
  const refused = errorsOf(await shown(context, NOWHERE, DASHBOARD));
  assert.equal(refused.length, 2);
  for (const reason of refused) assert.match(reason, /ECONNREFUSED/);
  const empty = await prometheusFor(context, () => ({
    body: { status: 'success', data: { resultType: 'matrix', result: [] } },
  }));
  const elements = await shown(context, empty, DASHBOARD);
  assert.equal(elements.filter(({ textContent }) => textContent === 'No data').length, 2);
  assert.deepEqual(errorsOf(elements), []);
});
