import type { PlatformContext } from './context.ts';

/** Beyond the deadline, ms: kubectl itself then says what was not ready. */
const KUBECTL_GRACE_MS = 10_000;

/**
 * Waits until every pod of a workload is of its newest template and ready.
 * @param workload as kubectl names it, such as `deployment/tender-api`
 * @throws with what kubectl said last, at the deadline
 */
export async function waitRollout(
  context: Pick<PlatformContext, 'kubectl'>,
  { namespace, workload, deadlineMs }: { namespace: string; workload: string; deadlineMs: number },
): Promise<void> {
  const timeout = `--timeout=${String(deadlineMs / 1000)}s`;
  await context.kubectl(['rollout', 'status', workload, '-n', namespace, timeout], {
    timeoutMs: deadlineMs + KUBECTL_GRACE_MS,
  });
}
