/** The store of logs behind the harness's back: one line of the canary, put in once more. */
import { beside } from './every-store.ts';
import type { ControlContext } from './control.ts';

const ANSWER_MS = 10_000;
/** Before the first line come Playwright's start and pods on every node. */
const SHIPPED_MS = 120_000;
/** The line that is there twice. */
const VICTIM = 50;

interface Declared {
  telemetry: {
    logs: {
      url: string;
      index: string;
      user: string;
      password: { secret: { namespace: string; name: string; key: string } };
      fields: { time: string; number: string; service: string };
    };
  };
}

interface Hit {
  _index: string;
  _source: Record<string, unknown>;
}

/** Beside the check: as soon as the line is there it is written again, with another id. */
export function shipTwice(ctx: ControlContext): Promise<void> {
  return beside(ctx, async () => {
    const since = new Date().toISOString();
    const hit = await ctx.until(`line ${VICTIM} of a canary`, () => victim(ctx, since), {
      timeoutMs: SHIPPED_MS,
      everyMs: 1_000,
    });
    await asked(ctx, 'POST', `/${encodeURIComponent(hit._index)}/_doc?refresh=true`, hit._source);
    ctx.log(`line ${VICTIM} is there twice`);
  });
}

async function victim(ctx: ControlContext, since: string): Promise<Hit | null> {
  const { index, fields } = declared(ctx);
  const answer = (await asked(ctx, 'POST', `/${encodeURIComponent(index)}/_search`, {
    size: 1,
    query: {
      bool: {
        filter: [
          { range: { [fields.time]: { gte: since } } },
          { term: { [fields.number]: VICTIM } },
          { term: { [fields.service]: 'plumbline-canary' } },
        ],
      },
    },
  })) as { hits?: { hits?: Hit[] } };
  return answer.hits?.hits?.[0] ?? null;
}

function declared(ctx: ControlContext): Declared['telemetry']['logs'] {
  return (ctx.environment as unknown as Declared).telemetry.logs;
}

/** @throws Error with the answer when it is no success */
async function asked(ctx: ControlContext, method: string, path: string, body: unknown): Promise<unknown> {
  const { url, user, password } = declared(ctx);
  const { key, ...ref } = password.secret;
  const secret = await ctx.get({ apiVersion: 'v1', kind: 'Secret', ...ref });
  const encoded = (secret?.['data'] as Record<string, string> | undefined)?.[key] ?? '';
  const account = `${user}:${Buffer.from(encoded, 'base64').toString('utf8')}`;
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(account).toString('base64')}`,
      'content-type': 'application/json',
    },
    signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(ANSWER_MS)]),
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as unknown;
}
