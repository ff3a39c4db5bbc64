/** Collects the outcome of a load from the logs of its pods, once they have ended. */
import { retry } from '../../../host/wait.ts';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import { isTransient } from '../../../probes/kubernetes/errors.ts';
import type { KubeObject } from '../../../probes/kubernetes/types.ts';
import type { LoadResult } from '../../../reports/record/details/load-result.ts';
import { endingOf, type Ending, type Outcome } from '../k6/exit-codes.ts';
import type { LoadListener } from '../engine.ts';
import { Tally } from '../points/tally.ts';
import { readPodLog, type PodLog } from './pod-summary.ts';

/** Lines of the log to read: the summary is at the end, after one line of progress for every second. */
const TAIL_LINES = 5000;
/** For one log, with repetitions: a server of the API restarts within this. */
const LOG_MS = 30_000;
const LOG_EVERY_MS = 500;
const WORST: readonly Outcome[] = ['failed', 'aborted', 'interrupted', 'completed'];

type Terminated = { exitCode?: number; reason?: string };
type Status = { containerStatuses?: { name: string; state?: { terminated?: Terminated } }[] };

function terminationOf(pod: KubeObject): Terminated | undefined {
  const status = pod.status as Status | undefined;
  return status?.containerStatuses?.find(({ name }) => name === 'k6')?.state?.terminated;
}

function endingOfPod(pod: KubeObject, log: PodLog): Ending {
  const { name } = pod.metadata;
  const terminated = terminationOf(pod);
  if (terminated?.exitCode === undefined) return { outcome: 'failed', reason: `pod ${name} has not ended` };
  const ending =
    terminated.reason === 'OOMKilled'
      ? { outcome: 'failed' as const, reason: 'k6 exceeded its memory limit and was killed (OOMKilled)' }
      : endingOf({ code: terminated.exitCode, signal: null }, log.lastError);
  if (ending.outcome === 'completed' && log.summary === null)
    return {
      outcome: 'failed',
      reason: `pod ${name}: no summary in its log, exit code ${terminated.exitCode}`,
    };
  return ending.reason === '' ? ending : { ...ending, reason: `pod ${name}: ${ending.reason}` };
}

export interface Collected {
  logs: PodLog[];
  ending: Ending;
  errors: LoadResult['errors'];
}

/**
 * Reads the logs of all pods. The worst ending of a pod is the ending of the load.
 * @throws KubeError when a log cannot be read
 */
export async function collect(
  client: KubeClient,
  pods: readonly KubeObject[],
  how: { parallelism: number; listener: LoadListener },
  signal: AbortSignal,
): Promise<Collected> {
  const logs: PodLog[] = [];
  const endings: Ending[] = [];
  const errors = new Tally();
  for (const pod of pods) {
    const { namespace = '', name } = pod.metadata;
    const of = { namespace, pod: name, container: 'k6', tailLines: TAIL_LINES };
    const text = await retry(() => client.logs(of, { signal }), {
      deadlineMs: LOG_MS,
      intervalMs: LOG_EVERY_MS,
      signal,
      isFinal: (error) => !isTransient(error),
    });
    const log = readPodLog(text, how.listener);
    logs.push(log);
    endings.push(endingOfPod(pod, log));
    for (const { error, count } of log.thrown) errors.add(error, count);
  }
  if (pods.length < how.parallelism)
    endings.push({
      outcome: 'failed',
      reason: `only ${pods.length} of ${how.parallelism} pods existed at the end`,
    });
  const order = (ending: Ending): number => WORST.indexOf(ending.outcome);
  const [ending = { outcome: 'failed', reason: 'no pod existed at the end' }] = endings.sort(
    (a, b) => order(a) - order(b),
  );
  return { logs, ending, errors: errors.top() };
}
