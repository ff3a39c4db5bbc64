import type { AiSettings, Edge, LlmBehaviour } from '../../env/schema.ts';
import { askEdge } from '../../probes/edge/ask.ts';
import { edgeEndpoint } from '../../probes/edge/endpoint.ts';
import type { HttpEndpoint } from '../../probes/edge/connection.ts';
import type { CheckContext } from '../harness/check.ts';
import { trusted } from '../topology/edge-request.ts';

/** Drafts while the model is as it is. */
const USUAL = 5;

/** What can be wrong with a model, and how its stand-in is told. */
const TROUBLES = [
  { model: 'busy', title: 'the model answers 429', behaviour: () => ({ status: 429, failRatio: 1 }) },
  { model: 'broken', title: 'the model answers 500', behaviour: () => ({ status: 500, failRatio: 1 }) },
  {
    model: 'silent',
    title: 'the model does not answer',
    // Longer than anybody waits for it.
    behaviour: (ctx: CheckContext) => ({ delayMs: ctx.timeoutMs('llmAnswer') * 2 }),
  },
] as const satisfies readonly {
  model: string;
  title: string;
  behaviour: (ctx: CheckContext) => Partial<LlmBehaviour>;
}[];

interface Asking {
  ai: AiSettings;
  edge: Edge;
  endpoint: HttpEndpoint;
}

/**
 * Drafts through the edge while the model answers, and while its stand-in is told to be busy, broken or silent; then its token is looked for in
 * the logs of the platform, which by now have all that was written about it.
 */
export async function askTheModel(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  const asking = await askingOf(ctx);
  if (asking !== null) {
    try {
      await draftsAsUsual(ctx, asking);
      for (const trouble of TROUBLES) await draftsIn(ctx, asking, trouble);
    } finally {
      await ctx.runner.call('ai.rest', { check });
    }
  }
  await ctx.step("look for the model's token in the logs of every container of the platform", () =>
    ctx.runner.call('ai.scanLogs', { check, trial }),
  );
}

/** Null where drafts cannot be asked for, or nothing may be written: the logs are looked through all the same. */
async function askingOf(ctx: CheckContext): Promise<Asking | null> {
  const ai = ctx.settings['ai'] as AiSettings | undefined;
  const { edge } = (ctx.settings['topology'] ?? {}) as { edge?: Edge };
  if (ai === undefined || edge === undefined)
    throw new Error('the environment declares no ai behind an edge');
  if (ctx.settings['writes'] !== true) return null;
  const trust = await trusted(edge.trust);
  if ('unavailable' in trust) {
    ctx.unavailable('the edge', trust.unavailable);
    return null;
  }
  return { ai, edge, endpoint: edgeEndpoint(new URL(ai.url), edge.address, trust.pem) };
}

async function draftsAsUsual(ctx: CheckContext, asking: Asking): Promise<void> {
  await ctx.step(`ask for ${USUAL} drafts, one after the other`, async () => {
    for (let n = 1; n <= USUAL; n++) await draft(ctx, asking, { model: 'usual', n });
  });
}

async function draftsIn(
  ctx: CheckContext,
  asking: Asking,
  { model, title, behaviour }: (typeof TROUBLES)[number],
): Promise<void> {
  const { id: check } = ctx;
  const { unavailable } = await ctx.step(`tell the model's stand-in: ${title}`, () =>
    ctx.runner.call('ai.behave', { check, title, behaviour: behaviour(ctx) }),
  );
  if (unavailable !== undefined) {
    ctx.record('not-tried', { model, reason: unavailable });
    return;
  }
  await ctx.step('ask for a draft meanwhile', () => draft(ctx, asking, { model, n: 1 }));
  await ctx.step('let it answer again', () => ctx.runner.call('ai.rest', { check }));
}

/** One draft, and what came of it. */
async function draft(
  ctx: CheckContext,
  { ai, edge, endpoint }: Asking,
  { model, n }: { model: string; n: number },
): Promise<void> {
  const question = {
    method: 'POST',
    url: new URL(ai.url),
    headers: { [edge.markHeader]: `${ctx.id}/${model}/${n}` },
    body: { title: `Plumbline asks for a draft (${model} ${n})` },
  } as const;
  const bounds = { deadlineMs: ctx.timeoutMs('llmAnswer'), signal: ctx.signal };
  try {
    const { status, text, ms } = await askEdge(endpoint, question, bounds);
    ctx.record('draft', { model, n, status, ms, ...(status === 200 && readDraft(text)) });
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.record('draft', { model, n, error: error instanceof Error ? error.message : String(error) });
  }
}

/** The text itself is nobody's business: only whether there is one. */
function readDraft(body: string): { degraded: boolean | null; characters: number } {
  try {
    const { text, degraded } = JSON.parse(body) as { text?: unknown; degraded?: unknown };
    return {
      degraded: typeof degraded === 'boolean' ? degraded : null,
      characters: typeof text === 'string' ? text.length : 0,
    };
  } catch {
    return { degraded: null, characters: 0 };
  }
}
