/** Panels of a dashboard in a browser: waits until they have loaded, and counts them. */
import type { Page, Request } from '@playwright/test';
import { monoMs } from '../../../host/clock.ts';
import { lookUntil } from '../../../host/wait.ts';
import type { LookOptions } from '../../../host/wait.ts';

/**
 * Markers of a panel that failed to show its data, from Grafana's package e2e-selectors: 10.2 and later, 10.0, 9. Test ids are compared
 * whole: `data-testid Panel header …` ends with the panel's title, which may be anything.
 */
const PANEL_ERROR =
  '[data-testid="data-testid Panel status error"], [aria-label="Panel status error"], [aria-label="Panel header error"]';

/**
 * Markers of a panel in Grafana 11 and later, 8 to 10, and older. A panel of a later release may lie within an older marker, and rows
 * have older markers, too: only the first selector that matches counts.
 */
const PANELS = [
  '[data-viz-panel-key]',
  '[data-panelid]:not(:has(.dashboard-row))',
  '.react-grid-item:not(:has(.dashboard-row))',
];

/** Markers of a panel that waits for its data, from Grafana's PanelChrome since 9.4 and PanelHeader before. One that streams has neither. */
const LOADING = '[aria-label="Panel loading bar"], .panel-loading__spinner';

/** Between two looks at a page. */
const LOOK_EVERY_MS = 200;
/** For so long a page must be at rest: Grafana marks a panel as loading up to 200 ms after its query, and draws again after an answer. */
const AT_REST_MS = 1_000;

interface Counted {
  panels: number;
  errors: number;
  /** When it was counted, panels or the page still waited for something. */
  isLoading: boolean;
}

interface Wait extends LookOptions {
  /** Panels that are there at the least: fewer are waited for. */
  least: number;
  /** Requests of the page that are not answered yet. */
  open: () => number;
  /** Nothing is to be waited for any more. */
  isOver: () => boolean;
}

/**
 * Counts the panels once they are all there and the page is at rest; at the deadline whatever is there. Fewer may be shown than a dashboard has,
 * such as on one that is taller than the window: they are waited for until the deadline, and not longer.
 */
export async function countedPanels(page: Page, { least, open, isOver, ...wait }: Wait): Promise<Counted> {
  let restingSinceMs = Infinity;
  const look = async (): Promise<Counted> => {
    // In this order: a panel that has loaded by the first question shows its error by the last.
    const isLoading = open() > 0 || (await page.locator(LOADING).count()) > 0;
    const panels = await countPanels(page);
    const errors = await page.locator(PANEL_ERROR).count();
    const isAtRest = panels >= least && !isLoading;
    restingSinceMs = isAtRest ? Math.min(restingSinceMs, monoMs()) : Infinity;
    return { panels, errors, isLoading };
  };
  const isDone = (): boolean => isOver() || monoMs() - restingSinceMs >= AT_REST_MS;
  return await lookUntil(look, isDone, { intervalMs: LOOK_EVERY_MS, ...wait });
}

async function countPanels(page: Page): Promise<number> {
  for (const selector of PANELS) {
    const count = await page.locator(selector).count();
    if (count > 0) return count;
  }
  return 0;
}

/** What a dashboard needs for its panels: the code of their kinds, values of variables, data. */
const NEEDED = ['script', 'fetch', 'xhr'];

/** Follows the requests of a page from now on. @returns how many are not answered yet */
export function openRequests(page: Page): () => number {
  const open = new Set<Request>();
  page.on('request', (request) => {
    if (NEEDED.includes(request.resourceType())) open.add(request);
  });
  page.on('requestfinished', (request) => void open.delete(request));
  page.on('requestfailed', (request) => void open.delete(request));
  return () => open.size;
}
