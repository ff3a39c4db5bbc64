import { setting } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { randomUUID } from 'node:crypto';

export async function observe(ctx: CheckContext): Promise<void> {
  const edge = setting(ctx, 'edge');
  if (edge === undefined) return;
  const { url } = edge;
  const correlationId = randomUUID();
  await ctx.step(`send a canary request to ${url}`, async () => {
    const seen = await ctx.runner.call('application.look', { check: ctx.id, correlationId });
    if ('unavailable' in seen) ctx.unavailable('the edge', seen.unavailable);
    else if ('failed' in seen) ctx.record('edge-failed', { url, reason: seen.failed });
    else ctx.record('edge-answer', { url, correlationIdSent: correlationId, ...seen.answer });
  });
}
