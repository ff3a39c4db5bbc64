/** Whether a request that a canary did not get could have been dropped by a NetworkPolicy. */
import { atMost } from '../../record/at-most.ts';
import type { History } from '../../record/history/history.ts';
import { last } from '../observed.ts';
import type { Findings } from './findings.ts';

const MOST_NAMED = 3;

/**
 * Why nothing that was lost says anything of the network; null: no policy isolates the canaries, or nobody could look.
 * @param direction egress: they only send; ingress: they only answer. Answers pass, whatever isolates a pod in the other direction
 */
export function isolatedText(
  history: History,
  direction: 'both' | 'egress' | 'ingress' = 'both',
): string | null {
  const { policies = [], egress = policies, ingress = policies } = last(history, 'canary-isolation') ?? {};
  const isolating = { both: policies, egress, ingress }[direction];
  if (isolating.length === 0) return null;
  return `NetworkPolicy ${atMost(isolating, MOST_NAMED).join(', ')} isolates the canaries: let their traffic in and out, as deploy/rbac.yaml does`;
}

/** Says so where policies may not be read: they are then taken not to be there. */
export function noteUnread(history: History, findings: Findings): void {
  const { unread } = last(history, 'canary-isolation') ?? {};
  if (unread !== undefined)
    findings.note(`whether a NetworkPolicy isolates the canaries could not be read: ${unread}`);
}
