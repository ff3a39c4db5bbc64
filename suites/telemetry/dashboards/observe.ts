import { settingsOf } from '../_following/settings.ts';
import type { Trust } from '../../../env/schema.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { CheckContext } from '../../harness/context.ts';
import { asAccount } from './as-account.ts';
import type { Asked } from './as-account.ts';
import { launchBrowser } from './browser.ts';
import type { Launch } from './browser.ts';
import type { Browser, Page } from '@playwright/test';

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

/** What a browser says of a certificate whose authority it does not know. */
const UNTRUSTED = /ERR_CERT_AUTHORITY_INVALID/;

/** Tall enough for every panel: Grafana loads a panel only when it comes into view. */
const VIEWPORT = { width: 1600, height: 12_000 };

/** Health as Grafana and Kibana report it, and each declared dashboard as a browser shows it. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  await ctx.step('ask Grafana and Kibana', () =>
    ctx.runner.call('telemetry.ask', { check, trial, about: 'dashboards' }),
  );
  const declared = settingsOf(ctx).telemetry.dashboards;
  if (declared === undefined || declared.declared.length === 0) return;
  const { url, address, trust = 'system' } = declared;
  const browser = await launched(ctx, address === undefined ? {} : { reach: { url, address } });
  if (browser === null) return;
  try {
    for (const { uid } of declared.declared)
      await ctx.step(`show the dashboard ${uid}`, () => show(ctx, browser, { url, uid, trust }));
  } finally {
    await browser.close();
  }
}

/** Null on a machine without a browser: dashboards then stay unseen. */
async function launched(ctx: CheckContext, where: Omit<Launch, 'timeoutMs'>): Promise<Browser | null> {
  try {
    return await launchBrowser({ timeoutMs: ctx.timeoutMs('telemetryQuery'), ...where });
  } catch (error) {
    ctx.unavailable('a browser', firstLine(error));
    return null;
  }
}

/** The lines below the first are Playwright's call log. */
function firstLine(error: unknown): string {
  const said = errorText(error);
  return said.split('\n', 1)[0] ?? said;
}

interface Dashboard {
  url: string;
  uid: string;
  trust: Trust;
}

/** What a page came to: it was seen, it does not show itself to this browser, or it fails. */
type Came = 'seen' | { hidden: string } | { failed: string };

/**
 * Shows a dashboard as a browser without a login sees it. Where that is a login page, or the browser does not trust the server's authority, it
 * is shown again with what the runner asks by the declared account: neither browser nor worker has that.
 */
export async function show(ctx: CheckContext, browser: Browser, of: Dashboard): Promise<void> {
  const plain = await shown(ctx, browser, of, null);
  const came = plain !== 'seen' && 'hidden' in plain ? await shown(ctx, browser, of, plain) : plain;
  if (came === 'seen') return;
  if ('hidden' in came) ctx.unavailable(`dashboard ${of.uid}`, came.hidden);
  else ctx.record('not-rendered', { uid: of.uid, reason: came.failed });
}

/** @param before what a browser without an account saw, and what is returned where none is declared */
async function shown(ctx: CheckContext, browser: Browser, of: Dashboard, before: Came | null): Promise<Came> {
  const page = await browser.newPage({ viewport: VIEWPORT });
  const address = new URL(`${of.url.replace(/\/+$/, '')}/d/${encodeURIComponent(of.uid)}`);
  let pages: Asked | null = null;
  try {
    if (before !== null) pages = await asAccount(ctx, page, address.href);
    if (before !== null && pages === null) return before;
    return await looked(ctx, page, { uid: of.uid, address, pages });
  } catch (error) {
    ctx.signal.throwIfAborted();
    return failure(firstLine(error), of, pages);
  } finally {
    await page.close();
  }
}

async function looked(
  ctx: CheckContext,
  page: Page,
  { uid, address, pages }: { uid: string; address: URL; pages: Asked | null },
): Promise<Came> {
  const timeout = ctx.timeoutMs('telemetryQuery');
  const answer = await page.goto(`${address.href}?kiosk`, { timeout, waitUntil: 'networkidle' });
  const places = [page.url(), ...(pages === null ? [] : pages.landed)];
  const elsewhere = places.find((at) => !isWithin(at, address));
  if (elsewhere !== undefined) {
    const { origin, pathname } = new URL(elsewhere);
    const who = pages === null ? 'a browser that is not logged in' : 'the declared account';
    return { hidden: `it redirects to ${origin}${pathname}: ${who} may not see it` };
  }
  const panels = await countPanels(page);
  const errors = await page.locator(PANEL_ERROR).count();
  ctx.record('rendered', { uid, status: answer?.status() ?? 0, panels, errors });
  return 'seen';
}

function failure(reason: string, { trust }: Dashboard, pages: Asked | null): Came {
  if (pages !== null && pages.trouble !== null)
    return { hidden: `the runner could not ask it: ${pages.trouble}` };
  if (trust === 'system' || !UNTRUSTED.test(reason)) return { failed: reason };
  return {
    hidden: `a browser trusts only the system's certificate authorities, not the one in \`trust\`: ${reason}`,
  };
}

/** Grafana puts the title behind the id of a dashboard. */
function isWithin(at: string, { hostname, pathname }: URL): boolean {
  const seen = new URL(at);
  return seen.hostname === hostname && seen.pathname.startsWith(pathname);
}

async function countPanels(page: Page): Promise<number> {
  for (const selector of PANELS) {
    const count = await page.locator(selector).count();
    if (count > 0) return count;
  }
  return 0;
}
