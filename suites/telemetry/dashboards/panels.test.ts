import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from '@playwright/test';
import { monoMs } from '../../../host/clock.ts';
import { countedPanels, openRequests } from './panels.ts';

interface Moment {
  panels: number;
  errors?: number;
  loading?: number;
}

/** A page on which each look finds the next of these moments, and the last one from then on. */
function pageOf(moments: Moment[]): { page: Page; looks: () => number } {
  let looks = 0;
  const page = {
    locator: (selector: string) => ({
      count: () => {
        // A look begins with what loads.
        if (selector.includes('loading')) looks += 1;
        const now = moments[Math.min(Math.max(looks, 1), moments.length) - 1];
        const { panels, errors = 0, loading = 0 } = now ?? assert.fail('no moment');
        if (selector.includes('loading')) return Promise.resolve(loading);
        return Promise.resolve(selector.includes('error') ? errors : panels);
      },
    }),
  };
  return { page: page as unknown as Page, looks: () => looks };
}

const PLENTY = { least: 2, open: () => 0, isOver: () => false, deadlineMs: 20_000 };

test('should count when all panels are there, none loads, and nothing changes any more', async () => {
  const { page } = pageOf([
    { panels: 0 },
    { panels: 1 },
    { panels: 2 },
    { panels: 2, loading: 1 },
    { panels: 2, errors: 1 },
  ]);
  assert.deepEqual(await countedPanels(page, PLENTY), { panels: 2, errors: 1, isLoading: false });
});

test('should wait for what the page has asked for, such as the values of a variable', async () => {
  const { page } = pageOf([{ panels: 2 }]);
  const startedMs = monoMs();
  const open = (): number => (monoMs() - startedMs < 500 ? 1 : 0);
  assert.deepEqual(await countedPanels(page, { ...PLENTY, open }), {
    panels: 2,
    errors: 0,
    isLoading: false,
  });
  assert.ok(monoMs() - startedMs >= 1_500, 'at rest for a second after the last answer');
});

test('should wait no longer than it may for panels that do not come, and say that something still loads', async () => {
  const few = pageOf([{ panels: 1 }]);
  assert.deepEqual(await countedPanels(few.page, { ...PLENTY, deadlineMs: 50 }), {
    panels: 1,
    errors: 0,
    isLoading: false,
  });
  const slow = pageOf([{ panels: 2, loading: 1 }]);
  assert.equal((await countedPanels(slow.page, { ...PLENTY, deadlineMs: 50 })).isLoading, true);
  const over = pageOf([{ panels: 0 }]);
  await countedPanels(over.page, { ...PLENTY, isOver: () => true });
  assert.equal(over.looks(), 1);
});

test('should count requests until they are answered or fail, and of those that a panel needs alone', () => {
  const listeners = new Map<string, (request: object) => void>();
  const page = { on: (event: string, listener: (request: object) => void) => listeners.set(event, listener) };
  const open = openRequests(page as unknown as Page);
  const [query, script, beacon] = ['fetch', 'script', 'ping'].map((type) => ({ resourceType: () => type }));
  for (const request of [query, script, beacon]) listeners.get('request')?.(request ?? {});
  assert.equal(open(), 2);
  listeners.get('requestfinished')?.(query ?? {});
  assert.equal(open(), 1);
  listeners.get('requestfailed')?.(script ?? {});
  assert.equal(open(), 0);
});
