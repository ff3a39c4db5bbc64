/** Duplicates a canary's line in the log store, independently of the harness. */
import { z } from 'zod';
import type { LogSettings } from '../../../../env/schema.ts';
import { logFieldsOf } from '../../../../probes/logs/index.ts';
import { heldTo, parseJson } from '../../../../host/json.ts';
import { askJson } from '../../../_breaking/accounts.ts';
import { beside } from '../../../failover/store/controls/every-store.ts';
import { NotApplicable } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

/** Covers the start of pods on every node, which precedes the first line. */
const SHIPPED_MS = 120_000;
/** The line that is there twice. */
const VICTIM = 50;

type Hit = z.infer<typeof hit>;
const hit = z.object({ _index: z.string(), _source: z.record(z.string(), z.unknown()) });
const search = z.object({ hits: z.object({ hits: z.array(hit) }) });

/** Runs while the check runs: writes the line again, with another id, once it is stored. */
export async function shipTwice(ctx: ControlContext): Promise<void> {
  await beside(ctx, async () => {
    const since = new Date().toISOString();
    const found = await ctx.until(`line ${VICTIM} of a canary`, () => victim(ctx, since), {
      timeoutMs: SHIPPED_MS,
      everyMs: 1_000,
    });
    await asked(ctx, 'POST', `/${encodeURIComponent(found._index)}/_doc?refresh=true`, found._source);
    ctx.log(`line ${VICTIM} is there twice`);
  });
}

async function victim(ctx: ControlContext, since: string): Promise<Hit | null> {
  const logs = declared(ctx);
  const { time, number, service } = logFieldsOf(logs);
  const answer = await asked(ctx, 'POST', `/${encodeURIComponent(logs.index)}/_search`, {
    size: 1,
    query: {
      bool: {
        filter: [
          { range: { [time.source]: { gte: since } } },
          { term: { [number.source]: VICTIM } },
          { term: { [service.source]: 'plumbline-canary' } },
        ],
      },
    },
  });
  return heldTo(search, answer, 'the store of logs').hits.hits[0] ?? null;
}

function declared({ environment }: ControlContext): LogSettings {
  const logs = environment.telemetry?.logs;
  if (logs === undefined) throw new NotApplicable('the environment declares no telemetry.logs');
  return logs;
}

/** @throws Error with the answer when it is no success */
async function asked(ctx: ControlContext, method: string, path: string, body: unknown): Promise<unknown> {
  const logs = declared(ctx);
  const { status, text } = await askJson(ctx, { url: logs.url, declared: logs }, { method, path, body });
  if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
  return parseJson(text);
}
