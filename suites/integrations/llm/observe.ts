import { monoMs } from '../../../host/clock.ts';
import { randomBytes } from 'node:crypto';
import type { LlmBehaviour } from '../../../env/schema.ts';
import { USUAL_DRAFTS } from '../../../reports/record/observations/integrations.ts';
import type { MODELS } from '../../../reports/record/observations/integrations.ts';
import type { CheckContext } from '../../harness/context.ts';

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

/** Drafts through the edge while the model answers, and while its stand-in is set to be busy, broken or silent. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check } = ctx;
  // Where writes are not allowed none is asked for: the judge then reports that there are none.
  if (ctx.settings.writes !== true) return;
  try {
    await draftsAsUsual(ctx);
    for (const trouble of TROUBLES) await draftsIn(ctx, trouble);
  } finally {
    await ctx.runner.call('ai.rest', { check });
  }
}

async function draftsAsUsual(ctx: CheckContext): Promise<void> {
  await ctx.step(`ask for ${USUAL_DRAFTS} drafts, one after the other`, async () => {
    for (let n = 1; n <= USUAL_DRAFTS; n++) await draft(ctx, { model: 'usual', n });
  });
}

async function draftsIn(
  ctx: CheckContext,
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
  await ctx.step('ask for a draft meanwhile', () => draft(ctx, { model, n: 1 }));
  await ctx.step("let the model's stand-in answer again", () => ctx.runner.call('ai.rest', { check }));
}

/** Requests one draft, and records the outcome. The text itself is not recorded: only whether there is one. */
async function draft(
  ctx: CheckContext,
  { model, n }: { model: (typeof MODELS)[number]; n: number },
): Promise<void> {
  const { id: check } = ctx;
  const sentMs = monoMs();
  const seen = await ctx.runner.call('application.draft', {
    check,
    // No cache may know it from an earlier run: its answer would not be the model's.
    correlationId: `llm-${randomBytes(4).toString('hex')}`,
    n,
    timeoutMs: ctx.timeoutMs('llmAnswer'),
  });
  if ('unavailable' in seen) {
    ctx.unavailable('the edge', seen.unavailable);
    return;
  }
  const { ms, ...answer } = seen;
  ctx.record('draft', { model, sentMs, answeredMs: sentMs + ms, ...answer });
}
