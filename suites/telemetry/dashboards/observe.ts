import { settingsOf } from '../_following/settings.ts';
import type { Trust } from '../../../env/schema.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { CheckContext } from '../../harness/context.ts';
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

/**
 * Shows only public dashboards: the browser does not get the probe's account. A redirect to a login page means that the dashboard was
 * not seen.
 */
export async function show(
  ctx: CheckContext,
  browser: Browser,
  of: { url: string; uid: string; trust: Trust },
): Promise<void> {
  const timeout = ctx.timeoutMs('telemetryQuery');
  const page = await browser.newPage({ viewport: VIEWPORT });
  try {
    const asked = new URL(`${of.url.replace(/\/+$/, '')}/d/${encodeURIComponent(of.uid)}`);
    const url = `${asked.href}?kiosk`;
    const answer = await page.goto(url, { timeout, waitUntil: 'networkidle' });
    const { origin, hostname, pathname } = new URL(page.url());
    if (hostname !== asked.hostname || !pathname.startsWith(asked.pathname)) {
      ctx.unavailable(
        `dashboard ${of.uid}`,
        `it redirects to ${origin}${pathname}: a browser that is not logged in may not see it`,
      );
      return;
    }
    const panels = await countPanels(page);
    const errors = await page.locator(PANEL_ERROR).count();
    ctx.record('rendered', { uid: of.uid, status: answer?.status() ?? 0, panels, errors });
  } catch (error) {
    ctx.signal.throwIfAborted();
    const reason = firstLine(error);
    if (of.trust !== 'system' && UNTRUSTED.test(reason))
      ctx.unavailable(
        `dashboard ${of.uid}`,
        `a browser trusts only the system's certificate authorities, not the one in \`trust\`: ${reason}`,
      );
    else ctx.record('not-rendered', { uid: of.uid, reason });
  } finally {
    await page.close();
  }
}

async function countPanels(page: Page): Promise<number> {
  for (const selector of PANELS) {
    const count = await page.locator(selector).count();
    if (count > 0) return count;
  }
  return 0;
}
