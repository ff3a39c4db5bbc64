import { FAIL_EVERY, failing } from '../_load/breaking.ts';
import { manyThroughTheEdge } from '../../_breaking/edge.ts';
import { passed, PROMETHEUS, scaled } from '../../_breaking/objects.ts';
import { controlsFor } from '../../harness/control.ts';
import type { ControlContext } from '../../harness/control.ts';

/** More than two and a half scrapes of 5 s: that is a gap. */
const FORGOTTEN_MS = 15_000;

/** Three scrapes: enough new data that the gap is reported, and not a lack of any data. */
const KNOWN_AGAIN_MS = 15_000;

/** Some 30 fail: a hundred times the budget of 99.9 % if nothing else is sent, and too many even beside the loads of a whole run. */
const BAD_REQUESTS = 300;

/** Three scrapes: Prometheus knows of them. */
const SCRAPED_MS = 15_000;

export const controls = controlsFor('performance/budget', {
  spent: {
    title: `one in ${FAIL_EVERY} of ${BAD_REQUESTS} requests is answered with 503`,
    // Of that objective itself: the judgement names every objective, whatever came of it.
    seen: /^api-requests: (?:at least )?[\d.]+ times the budget\b.*\bspent\b/m,
    break: spend,
  },
  gap: {
    verdict: 'inconclusive',
    title: 'Prometheus has lost what it had recorded',
    seen: /(?<!100) % of the window was observed|no data for the window/,
    break: forgetful,
  },
});

/** Requests through the edge, some of which fail, and the time until Prometheus has counted them. */
async function spend(ctx: ControlContext): Promise<void> {
  await failing(ctx);
  const statuses = await manyThroughTheEdge(ctx, BAD_REQUESTS);
  const failed = statuses.filter((status) => status >= 500).length;
  if (failed === 0) throw new Error(`none of ${BAD_REQUESTS} requests failed`);
  ctx.log(`${failed} of ${BAD_REQUESTS} requests failed`);
  await passed(ctx, 'three scrapes', SCRAPED_MS);
}

/** Prometheus loses its data with its pod. The new pod must have scraped again, so that only the gap is missing. */
async function forgetful(ctx: ControlContext): Promise<void> {
  await ctx.patch(PROMETHEUS, { spec: { replicas: 0 } });
  await scaled(ctx, PROMETHEUS, 0);
  await passed(ctx, 'a gap in what is recorded', FORGOTTEN_MS);
  await ctx.patch(PROMETHEUS, { spec: { replicas: 1 } });
  await scaled(ctx, PROMETHEUS, 1);
  await passed(ctx, 'three scrapes', KNOWN_AGAIN_MS);
}
