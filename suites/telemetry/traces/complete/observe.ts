import type { CheckContext } from '../../../harness/context.ts';
import { followRequests } from '../../_following/requests.ts';
import { settingsOf } from '../../_following/settings.ts';

/** Many canary requests, each followed to its trace. */
export function observe(ctx: CheckContext): Promise<void> {
  return followRequests(ctx, { count: settingsOf(ctx).telemetry.canary.requests, follow: ['traces'] });
}
