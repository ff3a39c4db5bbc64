import type { CheckContext } from '../../../harness/context.ts';
import { askPrometheus } from '../../_following/ask.ts';

export function observe(ctx: CheckContext): Promise<void> {
  return askPrometheus(ctx, 'targets');
}
