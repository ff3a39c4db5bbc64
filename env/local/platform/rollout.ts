import { patient } from '../../../host/patience.ts';
import { CommandError } from '../../../host/run.ts';
import type { PlatformContext } from './context.ts';
import { lastSeen, type Seen, type SeenEvent, type SeenPod, type SeenWorkload } from './rollout-seen.ts';

/** How long kubectl may run beyond the deadline, ms, so that it can report itself what was not ready. */
const KUBECTL_GRACE_MS = 10_000;
/** Timeout of each query for the last state, ms. */
const LOOK_MS = 5_000;

/**
 * A workload of the platform was not ready in time. The message says where it is, how long it was waited for, what was last seen, and
 * what to run next.
 */
export class NotReadyError extends Error {
  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.name = 'NotReadyError';
  }
}

type RolloutContext = Pick<PlatformContext, 'kubectl' | 'kubeconfig' | 'instance'>;
interface Rollout {
  readonly namespace: string;
  /** As kubectl names it, such as `deployment/tender-api`. */
  readonly workload: string;
  readonly deadlineMs: number;
}

/**
 * Waits until every pod of a workload has its newest template and is ready.
 * @throws NotReadyError at the deadline, or when kubectl gives up before it; the abort reason
 */
export async function waitRollout(context: RolloutContext, rollout: Rollout): Promise<void> {
  const { namespace, workload, deadlineMs } = rollout;
  const timeout = `--timeout=${String(Math.ceil(patient(deadlineMs) / 1000))}s`;
  const begunMs = performance.now();
  try {
    await context.kubectl(['rollout', 'status', workload, '-n', namespace, timeout], {
      timeoutMs: deadlineMs + KUBECTL_GRACE_MS,
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw await notReady(context, rollout, { error, waitedMs: performance.now() - begunMs });
  }
}

async function notReady(
  context: RolloutContext,
  { namespace, workload }: Rollout,
  { error, waitedMs }: { error: CommandError; waitedMs: number },
): Promise<NotReadyError> {
  const { instance, kubeconfig } = context;
  const waited = `${String(Math.round(waitedMs / 100) / 10)} s`;
  const message = [
    `${namespace}/${workload} in ${instance} is not ready: waited ${waited} for all its pods`,
    `  last seen: ${await look(context, namespace, workload)}`,
    `  kubectl said: ${lastLine(error.result.stderr) || lastLine(error.result.stdout) || 'nothing'}`,
    `  next: kubectl --kubeconfig ${kubeconfig} -n ${namespace} describe ${workload}`,
    `        npx plumbline env status --env ${instance}`,
  ].join('\n');
  return new NotReadyError(message, { cause: error });
}

/** The state of the workload as text, or why it could not be read. Throws only the abort reason. */
async function look(context: RolloutContext, namespace: string, workload: string): Promise<string> {
  const get = async (...argv: string[]): Promise<unknown> =>
    JSON.parse(
      await context.kubectl(['get', ...argv, '-n', namespace, '-o', 'json'], { timeoutMs: LOOK_MS }),
    );
  try {
    const seen = (await get(workload)) as SeenWorkload;
    const labels = Object.entries(seen.spec.selector?.matchLabels ?? {}).map(
      ([key, value]) => `${key}=${value}`,
    );
    const pods = (await get('pods', '-l', labels.join(','))) as { items: SeenPod[] };
    const events = (await get('events', '--field-selector', 'type=Warning')) as { items: SeenEvent[] };
    const of: Seen = { workload: seen, pods: pods.items, events: events.items, now: new Date() };
    return lastSeen(of);
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof SyntaxError)) throw error;
    return `its state could not be read (${error instanceof CommandError ? lastLine(error.result.stderr) : error.message})`;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
