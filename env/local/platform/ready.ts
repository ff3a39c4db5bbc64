/** Waits until what was applied is ready, and shows what is not when the time is over. */
import { DeadlineError, waitFor } from '../../../host/wait.ts';
import { atMost } from '../../../reports/record/at-most.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { PlatformContext } from './context.ts';
import { WORKLOADS, type KubeObject } from './objects.ts';

/**
 * One deadline for everything that starts at once. All stores on two cores need some two minutes, and took six where others kept these busy; images
 * may still have to be pulled.
 * Each look is a process, which takes CPU time that the pods need.
 */
const BOUNDS = { deadlineMs: 480_000, intervalMs: 1_500 } as const;
/** Timeout of each look, ms. */
const LOOK_MS = 10_000;
/** Maximum number of workloads that are named, and of warnings that are shown. */
const MOST = { named: 5, warnings: 10 } as const;

/** Something of the platform was not ready in time. The message says what, how long it was waited for, its pods, the last warnings, and what to run next. */
export class NotReadyError extends Error {
  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.name = 'NotReadyError';
  }
}

type Waiting = Pick<PlatformContext, 'instance' | 'kubeconfig' | 'kubectl' | 'onProgress' | 'signal'>;
type Named = Pick<KubeObject, 'kind' | 'metadata'>;

/** A Deployment, StatefulSet or DaemonSet as the API server has it; a DaemonSet has other names for what it counts. */
interface Workload extends Named {
  readonly metadata: KubeObject['metadata'] & { readonly generation?: number };
  readonly spec: { readonly replicas?: number };
  readonly status?: Partial<
    Record<
      | 'observedGeneration'
      | 'replicas'
      | 'updatedReplicas'
      | 'availableReplicas'
      | 'desiredNumberScheduled'
      | 'updatedNumberScheduled'
      | 'numberAvailable',
      number
    >
  >;
}

/**
 * Waits until every Deployment, StatefulSet and DaemonSet among these objects is ready: each pod has the newest template and is available.
 * @throws NotReadyError at the deadline; the abort reason
 */
export async function waitReady(
  context: Waiting,
  objects: readonly Named[],
  bounds: { readonly deadlineMs: number; readonly intervalMs: number } = BOUNDS,
): Promise<void> {
  const { instance, kubeconfig, signal } = context;
  const wanted = objects.filter(({ kind }) => WORKLOADS.includes(kind)).map(nameOf);
  const look = async (): Promise<true> => {
    const ready = await readyNow(context);
    const open = wanted.filter((name) => !ready.has(name));
    if (open.length === 0) return true;
    const done = wanted.length - open.length;
    const seen = `${done} of ${wanted.length} ready, not yet ${atMost(open, MOST.named).join(', ')}`;
    context.onProgress(seen);
    throw new Error(seen);
  };
  try {
    await waitFor(look, {
      what: `the workloads of ${instance} to be ready`,
      ...bounds,
      signal,
      next: `kubectl --kubeconfig ${kubeconfig} describe pods -A`,
    });
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new NotReadyError(`${error.message}\n${await stateOf(context)}`, { cause: error });
  }
}

/** Such as `tender/statefulset/redis`. */
function nameOf({ kind, metadata: { name, namespace = '' } }: Named): string {
  return `${namespace}/${kind.toLowerCase()}/${name}`;
}

async function readyNow({ kubectl }: Waiting): Promise<ReadonlySet<string>> {
  const kinds = WORKLOADS.map((kind) => `${kind.toLowerCase()}.apps`).join(',');
  const text = await kubectl(['get', kinds, '-A', '-o', 'json'], { timeoutMs: LOOK_MS });
  const { items } = JSON.parse(text) as { items: Workload[] };
  return new Set(items.filter(isReady).map(nameOf));
}

/** How many pods it wants, how many have its newest template, and how many are available. */
function countsOf({
  spec,
  status = {},
}: Workload): readonly [wanted: number, newest: number, available: number] {
  const { desiredNumberScheduled, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
  if (desiredNumberScheduled !== undefined)
    return [desiredNumberScheduled, updatedNumberScheduled, numberAvailable];
  const { updatedReplicas = 0, availableReplicas = 0 } = status;
  return [spec.replicas ?? 1, updatedReplicas, availableReplicas];
}

/** As `kubectl rollout status` decides it. */
function isReady(workload: Workload): boolean {
  const { metadata, status = {} } = workload;
  const [wanted, newest, available] = countsOf(workload);
  const hasOld = (status.replicas ?? newest) > newest;
  return (
    status.observedGeneration === metadata.generation && !hasOld && newest >= wanted && available >= wanted
  );
}

const IS_READY = / (\d+)\/\1 +Running /;

/** The pods that are not ready, and the last warnings, as kubectl prints them. */
async function stateOf({ kubectl }: Waiting): Promise<string> {
  const lines = async (...argv: string[]): Promise<string[]> =>
    (await kubectl([...argv, '-A'], { timeoutMs: LOOK_MS })).trimEnd().split('\n');
  try {
    const pods = (await lines('get', 'pods')).filter((line) => !IS_READY.test(line));
    const warnings = await lines('events', '--types=Warning', '--no-headers');
    return [...pods, 'the last warnings:', ...warnings.slice(-MOST.warnings)].join('\n');
  } catch (error) {
    return `its pods could not be read: ${errorText(error)}`;
  }
}
