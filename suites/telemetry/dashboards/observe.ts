import { settingsOf } from '../_following/settings.ts';
import type { Trust } from '../../../env/schema.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { CheckContext } from '../../harness/context.ts';
import { asAccount } from './as-account.ts';
import type { Asked } from './as-account.ts';
import { launchBrowser } from './browser.ts';
import type { Launch } from './browser.ts';
import { panelData, QUERY } from './data.ts';
import { countedPanels, openRequests } from './panels.ts';
import type { Browser, Page } from '@playwright/test';

/** What a browser says of a certificate whose authority it does not know. */
const UNTRUSTED = /ERR_CERT_AUTHORITY_INVALID/;

/** The browser came to no server: that says nothing of the dashboard. */
const UNREACHED =
  /net::ERR_(?:NAME_|CONNECTION_|ADDRESS_|TUNNEL_|PROXY_|TIMED_OUT|EMPTY_RESPONSE|NETWORK_|INTERNET_)/;
/** Playwright's words for a page that did not come to rest. */
const RESTLESS = /Timeout \d+ms exceeded/;

/** Statuses by which somebody says that who asks may not see the page. */
const REFUSED = [401, 403, 407];
/** Grafana's page has a status of its own making below this: what says more stands before it, or has no page to give. */
const LEAST_OF_OTHERS = 500;
const TOO_MANY = 429;
/** No dashboard comes with such a status. */
const LEAST_OF_ERRORS = 400;

/** More time may be declared. */
const STILL_LOADING = 'it still waited for data when its time was over (timeouts.telemetryQuery)';

/** Where one types a password: some gateways show their login in the place of a page, without a redirect. */
const PASSWORD = 'input[type="password"]';

/** Tall enough for every panel: Grafana loads a panel only when it comes into view. */
const VIEWPORT = { width: 1600, height: 12_000 };

/** Health as Grafana and Kibana report it, and each declared dashboard as a browser shows it. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  const { panels = {} } = await ctx.step('ask Grafana and Kibana', () =>
    ctx.runner.call('telemetry.ask', { check, trial, about: 'dashboards' }),
  );
  const declared = settingsOf(ctx).telemetry.dashboards;
  if (declared === undefined || declared.declared.length === 0) return;
  const { url, address, trust = 'system' } = declared;
  const browser = await launched(ctx, address === undefined ? {} : { reach: { url, address } });
  if (browser === null) return;
  try {
    for (const { uid } of declared.declared)
      await ctx.step(`show the dashboard ${uid}`, () =>
        show(ctx, browser, { url, uid, trust, panels: panels[uid] ?? 1 }),
      );
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
  /** How many panels it shows at the least. */
  panels: number;
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
    else await keepWithin(page, address.origin);
    if (before !== null && pages === null) return before;
    return await looked(ctx, page, { of, address, pages });
  } catch (error) {
    ctx.signal.throwIfAborted();
    return failure(firstLine(error), of, pages);
  } finally {
    await page.close();
  }
}

/** Scripts of a dashboard get nothing from other servers, whatever this machine can reach. A page may lead to a login elsewhere. */
async function keepWithin(page: Page, origin: string): Promise<void> {
  const isElsewhere = (url: URL): boolean => url.origin !== origin && url.protocol.startsWith('http');
  await page.route(isElsewhere, (route, request) =>
    request.isNavigationRequest() ? route.continue() : route.abort(),
  );
}

async function looked(
  ctx: CheckContext,
  page: Page,
  { of, address, pages }: { of: Dashboard; address: URL; pages: Asked | null },
): Promise<Came> {
  const timeout = ctx.timeoutMs('telemetryQuery');
  const refused = refusedQueries(page);
  const data = panelData(page);
  const open = openRequests(page);
  const answer = await page.goto(`${address.href}?kiosk`, { timeout, waitUntil: 'networkidle' });
  const status = answer?.status() ?? 0;
  const who = pages === null ? 'a browser that is not logged in' : 'the declared account';
  const elsewhere = (): string | undefined =>
    [page.url(), ...(pages?.landed ?? [])].find((at) => !isWithin(at, address));
  // A slow machine draws nothing for longer than it takes a page without requests to count as idle.
  const { panels, errors, isLoading } = await countedPanels(page, {
    least: of.panels,
    open,
    deadlineMs: timeout,
    signal: ctx.signal,
    isOver: () => status >= LEAST_OF_ERRORS || elsewhere() !== undefined,
  });
  const away = elsewhere();
  if (away !== undefined) {
    const { origin, pathname } = new URL(away);
    return { hidden: `it redirects to ${origin}${pathname}: ${who} may not see it` };
  }
  const hidden = await hiddenBy(page, { status, who, panels, errors, isLoading, refused, pages });
  if (hidden !== null) return { hidden };
  // What still waits may never be answered.
  const answers = isLoading ? [] : await data();
  ctx.record('rendered', { uid: of.uid, status, panels, errors, data: answers });
  const queries = [...new Set(answers.flatMap(({ points, asks = [] }) => (points === 0 ? asks : [])))];
  const { id: check, trial } = ctx;
  if (queries.length > 0) await ctx.runner.call('telemetry.ask', { check, trial, about: 'queries', queries });
  return 'seen';
}

interface Look {
  status: number;
  who: string;
  panels: number;
  errors: number;
  /** It still waited for something when it was counted. */
  isLoading: boolean;
  /** Queries of panels that were refused to who asked, or were not answered by Grafana. */
  refused: readonly string[];
  /** What the runner asked; null: the browser asks by itself. */
  pages: Asked | null;
}

/** Why what a browser saw says nothing of the dashboard; null: it does. */
async function hiddenBy(page: Page, look: Look): Promise<string | null> {
  const { status, who, panels } = look;
  if (REFUSED.includes(status)) return `it answers ${status}: ${who} may not see it`;
  if (status === TOO_MANY || status >= LEAST_OF_OTHERS)
    return `it answers ${status}, as what stands before Grafana does`;
  if (panels === 0 && (await page.locator(PASSWORD).count()) > 0)
    return `a login page is shown in its place: ${who} may not see it`;
  return unaskedBy(look);
}

/** Which question of its panels was not answered: because of who asks, or in time. null: none that is known. */
function unaskedBy({ status, who, errors, isLoading, refused, pages }: Look): string | null {
  if (pages !== null && pages.withheld !== null)
    return `the runner does not send on POST ${pages.withheld}, which may be more than a read or is redirected elsewhere: what panels show of it is not known`;
  if (errors === 0) return isLoading && status < LEAST_OF_ERRORS ? STILL_LOADING : null;
  if (pages !== null && pages.trouble !== null) return `the runner could not ask all of it: ${pages.trouble}`;
  return refused[0] === undefined ? null : `${refused[0]}: ${who} may not query what its panels show`;
}

/** Notes, while a page loads, which queries of its panels did not reach Grafana, or were refused by it to who asks. */
function refusedQueries(page: Page): string[] {
  const refused: string[] = [];
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    const status = response.status();
    const isJson = /json/.test(response.headers()['content-type'] ?? '');
    if (!QUERY.test(pathname)) return;
    if (REFUSED.includes(status) || (!isJson && status >= 300)) refused.push(`${pathname} answers ${status}`);
  });
  return refused;
}

function failure(reason: string, { trust }: Dashboard, pages: Asked | null): Came {
  if (pages !== null && pages.trouble !== null)
    return { hidden: `the runner could not ask it: ${pages.trouble}` };
  if (UNREACHED.test(reason)) return { hidden: `the browser does not reach it: ${reason}` };
  if (RESTLESS.test(reason)) return { hidden: `it did not come to rest in time: ${reason}` };
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
