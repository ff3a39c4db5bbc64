import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Browser } from '@playwright/test';
import type { Trust } from '../../../env/schema.ts';
import type { CheckContext } from '../../harness/context.ts';
import { show } from './observe.ts';

interface Shown {
  /** Questions to the runner. */
  calls: unknown[];
  told: { kind: string; [field: string]: unknown }[];
  viewport: { width: number; height: number } | undefined;
  /** What becomes of a request to this URL while nobody is logged in. */
  fateOf: (url: string, isNavigationRequest: boolean) => Promise<string>;
}

interface Way {
  trust?: Trust;
  fails?: string;
  /** Parts of the selectors that find something. */
  marks?: string[];
  status?: number;
  /** Answers to queries of panels. */
  queries?: {
    status: number;
    type: string;
    panel?: string;
    said?: object;
    path?: string;
    asking?: string;
  }[];
  /** What the runner says to each request of the page, by the declared account: without it, a login is wanted. */
  answers?: object;
}

const QUERIES = '/api/ds/query?ds_type=prometheus';

/** What a page asks a data source. */
const QUESTION = {
  url: () => 'https://grafana.example.test/g/api/datasources/uid/p/resources/other',
  method: () => 'POST',
  headers: () => ({}),
  postData: () => null,
  isNavigationRequest: () => false,
};

/** A browser that lands at this URL, and finds three elements for each selector that is given. */
async function shown(
  landsOn: string,
  { trust = 'system', fails, marks = ['viz'], status = 200, queries = [], answers }: Way = {},
): Promise<Shown> {
  const seen: Shown = { calls: [], told: [], viewport: undefined, fateOf: () => Promise.resolve('asked') };
  const listeners: ((response: object) => void)[] = [];
  let route: (of: object, request: object) => Promise<void> = () => Promise.resolve();
  let isAsked = false;
  const page = {
    on: (event: string, listener: (response: object) => void) =>
      event === 'response' && listeners.push(listener),
    route: (urls: string | ((url: URL) => boolean), handle: typeof route) => {
      if (typeof urls !== 'string') {
        seen.fateOf = async (url, isNavigation) => {
          let fate = 'asked';
          const ways = { continue: () => (fate = 'led on'), abort: () => (fate = 'aborted') };
          if (urls(new URL(url))) await handle(ways, { isNavigationRequest: () => isNavigation });
          return fate;
        };
        return;
      }
      route = handle;
      isAsked = true;
    },
    goto: async () => {
      await route({ fulfill: () => undefined, abort: () => Promise.resolve() }, QUESTION);
      for (const { status: code, type, panel, said, path = QUERIES, asking = null } of queries)
        for (const listener of listeners)
          listener({
            url: () => `https://grafana.example.test/g${path}`,
            status: () => code,
            headers: () => ({ 'content-type': type }),
            request: () => ({
              url: () => `https://grafana.example.test/g${path}`,
              postData: () => asking,
              headers: () => (panel === undefined ? {} : { 'x-panel-id': panel }),
            }),
            json: () => (said === undefined ? Promise.reject(new Error('cancelled')) : Promise.resolve(said)),
          });
      if (fails !== undefined) throw new Error(fails);
      return { status: () => (answers !== undefined && !isAsked ? 401 : status) };
    },
    url: () => landsOn,
    locator: (selector: string) => {
      const found = marks.some(
        (mark) => selector.includes(mark) && (mark === 'error' || !selector.includes('error')),
      );
      return { count: () => Promise.resolve(found ? 3 : 0) };
    },
    close: () => Promise.resolve(),
  };
  const browser = {
    newPage: (options?: { viewport: Shown['viewport'] }) => {
      seen.viewport = options?.viewport;
      return Promise.resolve(page);
    },
  } as unknown as Browser;
  const ctx = {
    signal: new AbortController().signal,
    timeoutMs: () => 1, // one look
    runner: {
      call: (_method: string, params: object) => {
        seen.calls.push(params);
        return Promise.resolve(answers ?? null); // null: no account is declared
      },
    },
    record: (kind: string, fields: object) => seen.told.push({ kind, ...fields }),
    unavailable: (what: string, reason: string) => seen.told.push({ kind: 'unavailable', what, reason }),
  } as unknown as CheckContext;
  await show(ctx, browser, { url: 'https://grafana.example.test/g/', uid: 'slo', trust, panels: 3 });
  return seen;
}

test('should look at a whole dashboard, also under the name that the server gives it', async () => {
  const { told, viewport } = await shown('https://grafana.example.test/g/d/slo/goals?kiosk');
  assert.deepEqual(told, [{ kind: 'rendered', uid: 'slo', status: 200, panels: 3, errors: 0, data: [] }]);
  assert.ok((viewport?.height ?? 0) >= 12_000);
});

test('should let scripts of a dashboard reach no other server, and lead a login there', async () => {
  const { fateOf } = await shown('https://grafana.example.test/g/d/slo/goals?kiosk');
  assert.deepEqual(
    await Promise.all([
      fateOf('http://169.254.169.254/latest/meta-data', false),
      fateOf('https://id.example.test/login', true),
      fateOf('https://grafana.example.test/g/api/x', false),
    ]),
    ['aborted', 'led on', 'asked'],
  );
});

test('should say nothing of a dashboard that leads to where one logs in', async () => {
  for (const login of ['https://grafana.example.test/g/login', 'https://id.example.test/g/d/slo?next=x']) {
    const { told } = await shown(login);
    assert.deepEqual(
      told.map(({ kind, what }) => [kind, what]),
      [['unavailable', 'dashboard slo']],
    );
    assert.match(String(told[0]?.['reason']), /it redirects to https:/);
    assert.doesNotMatch(String(told[0]?.['reason']), /next=/);
  }
});

test('should blame no dashboard for an authority that only the environment trusts', async () => {
  const fails = 'page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://grafana.example.test/g/d/slo';
  const own = await shown('', { trust: { file: 'ca.pem' }, fails });
  assert.deepEqual(
    own.told.map(({ kind, what }) => [kind, what]),
    [['unavailable', 'dashboard slo']],
  );
  const others: [Trust, string][] = [
    ['system', fails],
    [{ file: 'ca.pem' }, 'page.goto: net::ERR_CERT_DATE_INVALID'],
  ];
  for (const [trust, why] of others)
    assert.deepEqual((await shown('', { trust, fails: why })).told, [
      { kind: 'not-rendered', uid: 'slo', reason: why },
    ]);
});

test('should count panels by the marks of one release of Grafana, and none where there are none', async () => {
  for (const [marks, panels] of [
    [['viz', 'panelid', 'grid'], 3],
    [['panelid', 'grid'], 3],
    [['grid'], 3],
    [[], 0],
  ] as const) {
    const { told } = await shown('https://grafana.example.test/g/d/slo', { marks: [...marks] });
    assert.equal(told[0]?.['panels'], panels);
  }
});

const THERE = 'https://grafana.example.test/g/d/slo/goals';
const untold = async (way: Way): Promise<string> => {
  const { told } = await shown(THERE, way);
  assert.deepEqual(
    told.map(({ kind, what }) => [kind, what]),
    [['unavailable', 'dashboard slo']],
    JSON.stringify(way),
  );
  return String(told[0]?.['reason']);
};

test('should blame no dashboard for a refusal, a gateway or a login page in its place', async () => {
  for (const status of [401, 403])
    assert.match(await untold({ status, marks: [] }), /a browser that is not logged in may not see it/);
  for (const status of [429, 502, 504])
    assert.match(await untold({ status, marks: [] }), /as what stands before Grafana does/);
  assert.match(await untold({ marks: ['password'] }), /a login page is shown in its place/);
  for (const fails of [
    'page.goto: net::ERR_NAME_NOT_RESOLVED at x',
    'page.goto: net::ERR_CONNECTION_REFUSED',
  ])
    assert.match(await untold({ fails }), /the browser does not reach it/);
  assert.match(
    await untold({ fails: 'page.goto: Timeout 10000ms exceeded.' }),
    /did not come to rest in time/,
  );
});

test('should not take for seen what still waits for its data', async () => {
  assert.match(await untold({ marks: ['viz', 'loading'] }), /still waited for data .*telemetryQuery/);
  const [broken] = (await shown(THERE, { marks: ['viz', 'loading', 'error'] })).told;
  assert.deepEqual([broken?.kind, broken?.['errors']], ['rendered', 3]);
});

test('should know nothing of a dashboard of which a question to a data source was not sent on', async () => {
  const answer = { status: 204, url: THERE, headers: {}, base64: '' };
  const [sent] = (await shown(THERE, { answers: answer })).told;
  assert.equal(sent?.kind, 'rendered');
  assert.match(
    await untold({ answers: { ...answer, withheld: true } }),
    /does not send on POST \/g\/api\/datasources\/uid\/p\/resources\/other/,
  );
});

test('should tell a panel whose query is refused to who looks from one that Grafana shows an error for', async () => {
  const marks = ['viz', 'error'];
  for (const query of [
    { status: 403, type: 'application/json' },
    { status: 401, type: 'application/json' },
    { status: 504, type: 'text/html' },
    { status: 302, type: '' },
  ])
    assert.match(await untold({ marks, queries: [query] }), /api\/ds\/query answers \d+: .* may not query/);
  const broken = { status: 400, type: 'application/json; charset=utf-8' };
  assert.deepEqual((await shown(THERE, { marks, queries: [broken] })).told, [
    {
      kind: 'rendered',
      uid: 'slo',
      status: 200,
      panels: 3,
      errors: 3,
      data: [{ panel: null, points: null }],
    },
  ]);
});

test('should note how much data each panel gets, and that it is not known of an answer that could not be read', async () => {
  const frame = (...times: number[]): object => ({ schema: {}, data: { values: [times, times] } });
  const answer = (panel: string, frames: object[] | null) => {
    return {
      status: 200,
      type: 'application/json',
      panel,
      said: { results: { A: { status: 200, frames } } },
    };
  };
  const empty = { schema: { fields: [] }, data: { values: [] } };
  const cancelled = { status: 200, type: 'application/json', panel: '4' };
  const unnamed = {
    status: 200,
    type: 'application/json',
    said: { results: { Anno: { frames: [frame(1)] } } },
  };
  const queries = [
    answer('1', [frame(1, 2), frame(3)]),
    answer('2', [empty]),
    answer('3', null),
    cancelled,
    unnamed,
  ];
  const [seen] = (await shown(THERE, { queries })).told;
  assert.deepEqual(seen?.['data'], [
    { panel: '1', points: 3 },
    { panel: '2', points: 0 },
    { panel: '3', points: 0 },
    { panel: '4', points: null },
    { panel: null, points: 1 },
  ]);
});

test('should know what panels ask in PromQL, also over the proxy, and have it asked again where they get no data', async () => {
  const of = (type: string, expr?: string): object => ({ refId: 'A', datasource: { type, uid: 'u' }, expr });
  const asking = (...queries: object[]): string => JSON.stringify({ queries });
  const good = { status: 200, type: 'application/json' };
  const none = { results: { A: { frames: [] } } };
  const vector = (...result: object[]): object => ({ status: 'success', data: { resultType: 'x', result } });
  const proxy = '/api/datasources/proxy/uid/p';
  const queries = [
    { ...good, said: none, asking: asking(of('prometheus', 'a'), of('loki', '{a="b"}')) },
    { ...good, said: none, asking: asking(of('loki', '{a="b"}'), of('elasticsearch')) },
    { ...good, said: vector(), path: `${proxy}/api/v1/query_range?query=b` },
    { ...good, said: vector(), path: `${proxy}/api/v1/query`, asking: 'query=c&time=1' },
    { ...good, said: vector({ value: [1, '2'] }), path: `${proxy}/api/v1/query?query=d` },
    { ...good, said: vector({ values: [1, 2] }), path: `${proxy}/loki/api/v1/query_range?query=e` },
    { ...good, said: { responses: [] }, path: '/api/datasources/proxy/3/_msearch', asking: '{}' },
    { ...good, said: vector({}), path: `${proxy}/api/v1/labels` },
  ];
  const { told, calls } = await shown(THERE, { queries });
  assert.deepEqual(
    (told[0]?.['data'] as { points: number; asks: string[] }[]).map(({ points, asks }) => [points, asks]),
    [
      [0, ['a']],
      [0, []],
      [0, ['b']],
      [0, ['c']],
      [1, ['d']],
      [2, []],
      [null, []],
    ],
  );
  assert.deepEqual(calls, [
    { check: undefined, trial: undefined, about: 'queries', queries: ['a', 'b', 'c'] },
  ]);
});
