import type { AiSettings, Edge, LlmBehaviour } from '../../../env/schema.ts';
import { askEdge } from '../../../probes/edge/ask.ts';
import type { HttpEndpoint } from '../../../probes/edge/connection.ts';
import { trusted } from '../../../probes/edge/edge-request.ts';
import { edgeEndpoint } from '../../../probes/edge/endpoint.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import { USUAL_DRAFTS } from '../../../reports/record/observations/integrations.ts';
import type { MODELS } from '../../../reports/record/observations/integrations.ts';
import type { CheckContext } from '../../harness/context.ts';
import { monotonicMs } from '../../harness/observations.ts';
import { z } from 'zod';

/** The troubles of a model, and how its stand-in is set to each. */
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
  model: (typeof MODELS)[number];
  title: string;
  behaviour: (ctx: CheckContext) => Partial<LlmBehaviour>;
}[];

interface Asking {
  ai: AiSettings;
  edge: Edge;
  endpoint: HttpEndpoint;
}

/** Drafts through the edge while the model answers, and while its stand-in is set to be busy, broken or silent. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check } = ctx;
  const asking = await askingOf(ctx);
  if (asking === null) return;
  try {
    await draftsAsUsual(ctx, asking);
    for (const trouble of TROUBLES) await draftsIn(ctx, asking, trouble);
  } finally {
    await ctx.runner.call('ai.rest', { check });
  }
}

/** Null where drafts cannot be requested, or writes are not allowed: the judge then reports that there are none. */
async function askingOf(ctx: CheckContext): Promise<Asking | null> {
  const { ai, topology, writes } = ctx.settings;
  const edge = topology?.edge;
  if (ai === undefined || edge === undefined)
    throw new Error('the environment declares no ai behind an edge');
  if (writes !== true) return null;
  const trust = await trusted(edge.trust);
  if ('unavailable' in trust) {
    ctx.unavailable('the edge', trust.unavailable);
    return null;
  }
  return { ai, edge, endpoint: edgeEndpoint(new URL(ai.url), edge.address, trust.pem) };
}

async function draftsAsUsual(ctx: CheckContext, asking: Asking): Promise<void> {
  await ctx.step(`ask for ${USUAL_DRAFTS} drafts, one after the other`, async () => {
    for (let n = 1; n <= USUAL_DRAFTS; n++) await draft(ctx, asking, { model: 'usual', n });
  });
}

async function draftsIn(
  ctx: CheckContext,
  asking: Asking,
  { model, title, behaviour }: (typeof TROUBLES)[number],
): Promise<void> {
  const { id: check } = ctx;
  const { unavailable } = await ctx.step(`set the model's stand-in: ${title}`, () =>
    ctx.runner.call('ai.behave', { check, title, behaviour: behaviour(ctx) }),
  );
  if (unavailable !== undefined) {
    ctx.record('not-tried', { model, reason: unavailable });
    return;
  }
  await ctx.step('ask for a draft meanwhile', () => draft(ctx, asking, { model, n: 1 }));
  await ctx.step("let the model's stand-in answer again", () => ctx.runner.call('ai.rest', { check }));
}

/** Requests one draft, and records the outcome. */
async function draft(
  ctx: CheckContext,
  { ai, edge, endpoint }: Asking,
  { model, n }: { model: (typeof MODELS)[number]; n: number },
): Promise<void> {
  const question = {
    method: 'POST',
    url: new URL(ai.url),
    headers: { [edge.correlationHeader]: `${ctx.id}/${model}/${n}` },
    body: { title: `Plumbline asks for a draft (${model} ${n})` },
  } as const;
  const bounds = { deadlineMs: ctx.timeoutMs('llmAnswer'), signal: ctx.signal };
  const sentMs = monotonicMs();
  try {
    const { status, text, ms } = await askEdge(endpoint, question, bounds);
    const of = status === 200 ? readDraft(text) : NOTHING;
    ctx.record('draft', { model, sentMs, answeredMs: sentMs + ms, status, ...of, error: '' });
  } catch (error) {
    ctx.signal.throwIfAborted();
    const why = errorText(error);
    const answeredMs = monotonicMs();
    ctx.record('draft', { model, sentMs, answeredMs, status: null, ...NOTHING, error: why });
  }
}

interface Draft {
  degraded: boolean | null;
  written: boolean;
}

const NOTHING: Draft = { degraded: null, written: false };

const draftSchema = z.object({ text: z.string().catch(''), degraded: z.boolean().nullable().catch(null) });

/** The text itself is not recorded: only whether there is one. */
function readDraft(body: string): Draft {
  try {
    const { text, degraded } = draftSchema.parse(JSON.parse(body));
    return { degraded, written: text.length > 0 };
  } catch {
    return NOTHING;
  }
}
