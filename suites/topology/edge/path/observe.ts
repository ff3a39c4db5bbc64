import { setting } from '../../_objects/declared.ts';
import { throughTheEdge, trusted } from '../../../../probes/edge/edge-request.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { randomUUID } from 'node:crypto';
import { errorText } from '../../../../reports/record/error-text.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const edge = setting(ctx, 'edge');
  if (edge === undefined) return;
  const ca = await ctx.step('load the authority that clients trust', () => trusted(edge.trust));
  if ('unavailable' in ca) {
    ctx.unavailable('the authority of the edge', ca.unavailable);
    return;
  }
  const correlationId = randomUUID();
  await ctx.step(`send a canary request to ${edge.url}`, async () => {
    try {
      const seen = await throughTheEdge(edge, {
        correlationId,
        ca: ca.pem,
        timeoutMs: ctx.timeoutMs('edgeRequest'),
        signal: ctx.signal,
      });
      ctx.record('edge-answer', { url: edge.url, correlationIdSent: correlationId, ...seen });
    } catch (error) {
      ctx.record('edge-failed', {
        url: edge.url,
        reason: errorText(error),
      });
    }
  });
}
