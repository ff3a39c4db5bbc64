/** Shows a browser the pages that the runner asks with the declared account. */
import type { Page, Request } from '@playwright/test';
import { errorText } from '../../../reports/record/error-text.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { Params } from '../../harness/protocol.ts';

/** What came of the pages that were asked. */
export interface Asked {
  /** Where the page itself was, redirects followed. */
  landed: string[];
  /** Why the first was not answered. */
  trouble: string | null;
  /** Path of the first question to a data source that the runner does not send on, or that is redirected elsewhere. */
  withheld: string | null;
}

/**
 * Hands every request of a page to the runner, and its answer to the page. Those to other servers fail: they would be asked without an account.
 * @returns what came of it so far; null: the environment declares no account, and the page asks by itself
 */
export async function asAccount(ctx: CheckContext, page: Page, url: string): Promise<Asked | null> {
  const { origin } = new URL(url);
  // Nothing is sent on of this: the answer says whether there is an account to ask with.
  const nothing = { check: ctx.id, url, method: 'OPTIONS', headers: {} };
  if ((await ctx.runner.call('telemetry.page', nothing)) === null) return null;
  const asked: Asked = { landed: [], trouble: null, withheld: null };
  await page.route('**/*', async (route, request) => {
    if (new URL(request.url()).origin !== origin) {
      await route.abort();
      return;
    }
    try {
      const answer = await ctx.runner.call('telemetry.page', questionOf(ctx, request));
      if (answer === null) throw new Error('the environment declares no account any more');
      if (answer.withheld === true) asked.withheld ??= new URL(request.url()).pathname;
      if (isPageItself(page, request)) asked.landed.push(answer.url);
      // A browser does not follow a redirect that it is given so: who looks is told by `landed`.
      const status = answer.status >= 300 && answer.status <= 399 ? 200 : answer.status;
      await route.fulfill({ status, headers: answer.headers, body: Buffer.from(answer.base64, 'base64') });
    } catch (error) {
      asked.trouble ??= errorText(error);
      await route.abort().catch(() => undefined); // the page is closed
    }
  });
  return asked;
}

/** Frames within a page are requested by navigation, too. */
function isPageItself(page: Page, request: Request): boolean {
  return request.isNavigationRequest() && request.frame() === page.mainFrame();
}

function questionOf({ id: check }: CheckContext, request: Request): Params<'telemetry.page'> {
  const body = request.postData();
  const question = { check, url: request.url(), method: request.method(), headers: request.headers() };
  return body === null ? question : { ...question, body };
}
