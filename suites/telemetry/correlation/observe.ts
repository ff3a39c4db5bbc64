import type { CheckContext } from '../../harness/context.ts';
import { followRequests } from '../_following/requests.ts';
import { settingsOf } from '../_following/settings.ts';

/** A few canary requests, each followed to its log lines. */
export function observe(ctx: CheckContext): Promise<void> {
  return followRequests(ctx, { count: settingsOf(ctx).telemetry.canary.few, follow: ['logs'] });
}
