import { settingsOf } from '../_following/settings.ts';
import type { Trust } from '../../../env/schema.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { CheckContext } from '../../harness/context.ts';
import { launchBrowser } from './browser.ts';
import type { Launch } from './browser.ts';
import type { Browser, Page } from '@playwright/test';

/**
 * Marks of a panel that could not show its data, as Grafana's package e2e-selectors has them: 10.2 and later, 10.0, 9. No beginning of a
 * test id: `data-testid Panel header …` goes on with the panel's title, whatever that says.
 */
const PANEL_ERROR =
  '[data-testid="data-testid Panel status error"], [aria-label="Panel status error"], [aria-label="Panel header error"]';

/**
 * A panel, as Grafana 11 and later, 8 to 10, and older ones mark it. One of a later release may have the marks of an older one around it, and rows have those as well:
 * only the first that is found counts.
 */
const PANELS = [
  '[data-viz-panel-key]',
  '[data-panelid]:not(:has(.dashboard-row))',
  '.react-grid-item:not(:has(.dashboard-row))',
];

/** What a browser says of a certificate whose authority it does not know. */
const UNTRUSTED = /ERR_CERT_AUTHORITY_INVALID/;

/** So high that no panel is below the fold: Grafana loads a panel only when it comes into view. */
const VIEWPORT = { width: 1600, height: 12_000 };

/** What Grafana and Kibana say of themselves, and what a browser shows of each declared dashboard. */
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

/** A machine without a browser can say nothing of what one shows. */
async function launched(ctx: CheckContext, where: Omit<Launch, 'timeoutMs'>): Promise<Browser | null> {
  try {
    return await launchBrowser({ timeoutMs: ctx.timeoutMs('telemetryQuery'), ...where });
  } catch (error) {
    ctx.unavailable('a browser', firstLine(error));
    return null;
  }
}

/** What Playwright says below it is a log of its calls. */
function firstLine(error: unknown): string {
  const said = errorText(error);
  return said.split('\n', 1)[0] ?? said;
}

/**
 * Only what anybody may see: the account of the probe is not handed to a browser. Who is led away from the dashboard, to where one logs in,
 * has seen nothing of it.
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
      ctx.unavailable(`dashboard ${of.uid}`, `it leads to ${origin}${pathname}: not anybody may see it`);
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
        `a browser knows the system's authorities only, not that of \`trust\`: ${reason}`,
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
