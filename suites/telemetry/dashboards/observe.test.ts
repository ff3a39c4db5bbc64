import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Browser } from '@playwright/test';
import type { Trust } from '../../../env/schema.ts';
import type { CheckContext } from '../../harness/context.ts';
import { show } from './observe.ts';

interface Shown {
  told: { kind: string; [field: string]: unknown }[];
  viewport: { width: number; height: number } | undefined;
}

/** A browser that lands at this URL, and finds three elements for each selector that is given. */
async function shown(
  landsOn: string,
  { trust = 'system', fails, marks = ['viz'] }: { trust?: Trust; fails?: string; marks?: string[] } = {},
): Promise<Shown> {
  const seen: Shown = { told: [], viewport: undefined };
  const page = {
    goto: () =>
      fails === undefined ? Promise.resolve({ status: () => 200 }) : Promise.reject(new Error(fails)),
    url: () => landsOn,
    locator: (selector: string) => {
      const found = !selector.includes('error') && marks.some((mark) => selector.includes(mark));
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
    timeoutMs: () => 1_000,
    runner: { call: () => Promise.resolve(null) }, // no account is declared
    record: (kind: string, fields: object) => seen.told.push({ kind, ...fields }),
    unavailable: (what: string, reason: string) => seen.told.push({ kind: 'unavailable', what, reason }),
  } as unknown as CheckContext;
  await show(ctx, browser, { url: 'https://grafana.example.test/g/', uid: 'slo', trust });
  return seen;
}

test('should look at a whole dashboard, also under the name that the server gives it', async () => {
  const { told, viewport } = await shown('https://grafana.example.test/g/d/slo/goals?kiosk');
  assert.deepEqual(told, [{ kind: 'rendered', uid: 'slo', status: 200, panels: 3, errors: 0 }]);
  assert.ok((viewport?.height ?? 0) >= 12_000);
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
