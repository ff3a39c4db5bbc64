/** The check's browser before the stand-in for Grafana; only where a browser is installed. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Browser } from '@playwright/test';
import { TENDER_API as DASHBOARD } from '../../../env/local/platform/grafana-stub/service/dashboards.ts';
import {
  grafanaFor,
  NOWHERE,
  prometheusFor,
  range,
} from '../../../env/local/platform/grafana-stub/service/_testing/grafana.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { Params, Result } from '../../harness/protocol.ts';
import { launchBrowser } from './browser.ts';
import type { Launch } from './browser.ts';
import { show } from './observe.ts';

const WAIT_MS = 20_000;

async function browserFor(
  context: TestContext,
  where: Omit<Launch, 'timeoutMs'> = {},
): Promise<Browser | null> {
  try {
    const browser = await launchBrowser({ timeoutMs: WAIT_MS, ...where });
    context.after(() => browser.close());
    return browser;
  } catch (error) {
    context.skip(error instanceof Error ? error.message.split('\n', 1)[0] : String(error));
    return null;
  }
}

/** Of the dashboards of these tests. */
const LEAST = 1;

type Call = (method: string, params: Params<'telemetry.page'>) => Promise<Result<'telemetry.page'>>;
const NO_ACCOUNT: Call = () => Promise.resolve(null);

async function seenOf(browser: Browser, url: string, uid: string, call = NO_ACCOUNT): Promise<object[]> {
  const told: object[] = [];
  const ctx = {
    id: 'telemetry/dashboards',
    runner: {
      call: (method: string, params: Params<'telemetry.page'>) =>
        method === 'telemetry.page' ? call(method, params) : Promise.resolve(null),
    },
    signal: new AbortController().signal,
    timeoutMs: () => WAIT_MS,
    record: (kind: string, { data: answers, ...fields }: { data?: Answer[] }) =>
      told.push({ kind, ...fields, ...(answers && { data: answers.toSorted(byQuery) }) }),
    unavailable: (what: string, reason: string) => told.push({ kind: 'unavailable', what, reason }),
  } as unknown as CheckContext;
  await show(ctx, browser, { url, uid, trust: 'system', panels: LEAST });
  return told;
}

interface Answer {
  asks?: string[];
}
/** They come in any order. */
const byQuery = (a: Answer, b: Answer): number => String(a.asks).localeCompare(String(b.asks));

/** An answer to each query, which names no panel. */
const data = (panels: number, points: number): object[] =>
  DASHBOARD.panels
    .slice(0, panels)
    .map(({ targets }) => ({ panel: null, points, asks: targets.map(({ expr }) => expr) }))
    .sort(byQuery);

test('should see every panel of a dashboard, and an error in those that get no answer', async (context) => {
  const browser = await browserFor(context);
  if (browser === null) return;
  const panels = DASHBOARD.panels.length;
  const { uid } = DASHBOARD;
  const healthy = await prometheusFor(context, () => range({ job: 'a' }, '1', '2'));
  const good = await seenOf(browser, await grafanaFor(context, healthy, [DASHBOARD]), uid);
  assert.deepEqual(good, [{ kind: 'rendered', uid, status: 200, panels, errors: 0, data: data(panels, 2) }]);
  const bad = await seenOf(browser, await grafanaFor(context, NOWHERE, [DASHBOARD]), uid);
  assert.deepEqual(bad, [
    { kind: 'rendered', uid, status: 200, panels, errors: panels, data: data(panels, 0) },
  ]);
});

test('should take neither a panel without data nor a title that speaks of errors for an error', async (context) => {
  const browser = await browserFor(context);
  if (browser === null) return;
  const panels = DASHBOARD.panels.slice(0, 1).map((one) => ({ ...one, title: 'error rate' }));
  const dashboard = { ...DASHBOARD, panels };
  const empty = await prometheusFor(context, () => ({
    body: { status: 'success', data: { resultType: 'matrix', result: [] } },
  }));
  const { uid } = dashboard;
  const seen = await seenOf(browser, await grafanaFor(context, empty, [dashboard]), uid);
  assert.deepEqual(seen, [{ kind: 'rendered', uid, status: 200, panels: 1, errors: 0, data: data(1, 0) }]);
});

test('should see that a dashboard is not there', async (context) => {
  const browser = await browserFor(context);
  if (browser === null) return;
  const seen = await seenOf(browser, await grafanaFor(context, NOWHERE, []), 'other');
  assert.deepEqual(seen, [{ kind: 'rendered', uid: 'other', status: 404, panels: 0, errors: 0, data: [] }]);
});

test('should reach a server whose name leads nowhere at its address', async (context) => {
  const { uid } = DASHBOARD;
  const { host } = new URL(await grafanaFor(context, NOWHERE, [DASHBOARD]));
  const url = 'http://grafana.example.test';
  const browser = await browserFor(context, { reach: { url, address: host } });
  if (browser === null) return;
  const panels = DASHBOARD.panels.length;
  assert.deepEqual(await seenOf(browser, url, uid), [
    { kind: 'rendered', uid, status: 200, panels, errors: panels, data: data(panels, 0) },
  ]);
});

test('should count each panel once, and no row', async (context) => {
  const browser = await browserFor(context);
  if (browser === null) return;
  const item = (inside: string): string => `<div class="react-grid-item" data-panelid="1">${inside}</div>`;
  const row = item('<div class="dashboard-row">Row</div>');
  const pages = {
    late: item('<div data-viz-panel-key="panel-1"></div>').repeat(2) + item('a row'),
    middle: row + item('<section></section>').repeat(3),
  };
  for (const [body, panels] of [
    [pages.late, 2],
    [pages.middle, 3],
  ] as const) {
    const [seen] = await seenOf(browser, await serving(context, body), 'rows');
    assert.deepEqual(seen, { kind: 'rendered', uid: 'rows', status: 200, panels, errors: 0, data: [] });
  }
});

/** A server with this page alone. */
async function serving(context: TestContext, body: string): Promise<string> {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

test('should wait for panels that a slow machine draws long after the last request, and for what they show', async (context) => {
  const browser = await browserFor(context);
  if (browser === null) return;
  const loading = '<div data-viz-panel-key="panel-1"><div aria-label="Panel loading bar"></div></div>';
  const broken = loading.replace(
    'aria-label="Panel loading bar"',
    'data-testid="data-testid Panel status error"',
  );
  const after = (ms: number, body: string): string =>
    `<script>setTimeout(() => { document.body.innerHTML = ${JSON.stringify(body)}; }, ${ms});</script>`;
  const url = await serving(context, `<body>${after(1_500, loading)}${after(4_000, broken)}</body>`);
  assert.deepEqual(await seenOf(browser, url, 'slow'), [
    { kind: 'rendered', uid: 'slow', status: 200, panels: 1, errors: 1, data: [] },
  ]);
});

/** Before a server that shows nothing to who is not logged in, as Grafana does. */
async function behindLogin(context: TestContext, grafana: string): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { url = '', method = 'GET', headers } = request;
      if (headers.authorization !== 'Bearer good') {
        if (url === '/login') response.end('<html><title>Welcome</title></html>');
        else response.writeHead(302, { location: '/login' }).end();
        return;
      }
      const body = parts.length === 0 ? {} : { body: Buffer.concat(parts) };
      const type = { 'content-type': headers['content-type'] ?? 'text/plain' };
      void fetch(`${grafana}${url}`, { method, redirect: 'manual', headers: type, ...body }).then(
        async (answer) => {
          response.writeHead(answer.status, Object.fromEntries(answer.headers));
          response.end(Buffer.from(await answer.arrayBuffer()));
        },
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** What the runner does with the account of a test. */
const asking =
  (token: string): Call =>
  async (_method, { url, method, headers, body }) => {
    if (method === 'OPTIONS') return { status: 204, url, headers: {}, base64: '' };
    const type = {
      'content-type': headers['content-type'] ?? 'text/plain',
      authorization: `Bearer ${token}`,
    };
    const answer = await fetch(url, { method, headers: type, ...(body !== undefined && { body }) });
    const base64 = Buffer.from(await answer.arrayBuffer()).toString('base64');
    const own = { 'content-type': answer.headers.get('content-type') ?? 'text/plain' };
    return { status: answer.status, url: answer.url, headers: own, base64 };
  };

test('should show a dashboard that wants a login by what the runner asks, and say that the account may not see it', async (context) => {
  const browser = await browserFor(context);
  if (browser === null) return;
  const { uid } = DASHBOARD;
  const panels = DASHBOARD.panels.length;
  const healthy = await prometheusFor(context, () => range({ job: 'a' }, '1', '2'));
  const url = await behindLogin(context, await grafanaFor(context, healthy, [DASHBOARD]));
  const nobody = await seenOf(browser, url, uid);
  assert.match(
    JSON.stringify(nobody),
    /unavailable.*redirects to .*\/login: a browser that is not logged in/,
  );
  assert.deepEqual(await seenOf(browser, url, uid, asking('good')), [
    { kind: 'rendered', uid, status: 200, panels, errors: 0, data: data(panels, 2) },
  ]);
  assert.match(
    JSON.stringify(await seenOf(browser, url, uid, asking('bad'))),
    /unavailable.*redirects to .*\/login: the declared account may not see it/,
  );
  const broken = await behindLogin(context, await grafanaFor(context, NOWHERE, [DASHBOARD]));
  assert.deepEqual(await seenOf(browser, broken, uid, asking('good')), [
    { kind: 'rendered', uid, status: 200, panels, errors: panels, data: data(panels, 0) },
  ]);
});

test('should know nothing of a dashboard that the runner cannot ask either', async (context) => {
  const browser = await browserFor(context);
  if (browser === null) return;
  const { uid } = DASHBOARD;
  const url = await behindLogin(context, await grafanaFor(context, NOWHERE, [DASHBOARD]));
  const gone: Call = (_method, { method, url: at }) =>
    method === 'OPTIONS'
      ? Promise.resolve({ status: 204, url: at, headers: {}, base64: '' })
      : Promise.reject(new Error('ECONNREFUSED'));
  assert.deepEqual(await seenOf(browser, url, uid, gone), [
    { kind: 'unavailable', what: `dashboard ${uid}`, reason: 'the runner could not ask it: ECONNREFUSED' },
  ]);
});
