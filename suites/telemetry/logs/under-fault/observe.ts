import type { CheckContext } from '../../../harness/context.ts';
import { observeUnderFault } from '../../_following/under-fault.ts';

export function observe(ctx: CheckContext): Promise<void> {
  return observeUnderFault(ctx, ['logs']);
}
