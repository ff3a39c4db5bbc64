/** The reference backend. */
import { TENDER, type PlatformContext } from '../context.ts';
import { part } from '../part.ts';
import { waitRollout } from '../rollout.ts';

export const tenderApi = part({ name: 'tender-api', wait: waitTenderApi });

const READY_DEADLINE_MS = 120_000; // it becomes ready a second after its database

/** Waits until the pods have made their tables and answer. */
async function waitTenderApi(context: PlatformContext): Promise<void> {
  await waitRollout(context, {
    namespace: TENDER,
    workload: 'deployment/tender-api',
    deadlineMs: READY_DEADLINE_MS,
  });
}
