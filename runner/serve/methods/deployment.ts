import { monoMs } from '../../../host/clock.ts';
import { lookUntil } from '../../../host/wait.ts';
import { openHistory } from '../../../probes/history.ts';
import type { WorkloadObject } from '../../../probes/kubernetes/objects.ts';
import type { DeploymentName, Params, Result } from '../../../suites/harness/protocol.ts';
import { deploymentOf, deploymentPods } from '../../targets/deployments.ts';
import type { ServedRunner } from '../served.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import type { Call, Handlers } from '../handlers.ts';

const LOOK_EVERY_MS = 200;
/** What `kubectl rollout restart` sets. */
const RESTARTED = 'kubectl.kubernetes.io/restartedAt';

export function deploymentMethods(
  runner: ServedRunner,
): Pick<Handlers, 'deployment.restart' | 'deployment.rolledOut'> {
  /** UIDs of the pods before the restart, by check and trial. */
  const before = new Map<string, ReadonlySet<string>>();
  return {
    'deployment.restart': async (params, call) => {
      const pods = await deploymentPods(runner, params.subject);
      before.set(`${params.check} ${params.trial}`, new Set(pods.map(({ uid }) => uid)));
      return restart(runner, params, call);
    },
    'deployment.rolledOut': (params, call) => {
      const old = before.get(`${params.check} ${params.trial}`);
      if (old === undefined)
        throw new Error(`${params.check} has restarted no Deployment in trial ${params.trial}`);
      return rolledOut(runner, params, { old, signal: call.signal });
    },
  };
}

async function read(
  runner: ServedRunner,
  subject: DeploymentName,
  signal: AbortSignal,
): Promise<WorkloadObject> {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', ...deploymentOf(runner, subject) } as const;
  const found = await runner.parts.cluster.get(ref, signal);
  if (found === null) throw new Error(`there is no Deployment ${ref.namespace}/${ref.name}`);
  return found;
}

/** Changes the pod template and waits until the controller has begun the rollout: that is the fault. */
async function restart(
  runner: ServedRunner,
  { check, trial, subject }: Params<'deployment.restart'>,
  { signal }: Call,
): Promise<Result<'deployment.restart'>> {
  const { namespace, name } = deploymentOf(runner, subject);
  const target = `Deployment ${namespace}/${name}`;
  const writer = openHistory(runner.runState.trialFolder(check, trial), 'faults.ndjson');
  try {
    const generation = (await read(runner, subject, signal)).metadata.generation ?? 0;
    writer.observe({ kind: 'fault-armed', fault: 'rolling-restart', target, members: [] });
    const annotations = { [RESTARTED]: new Date().toISOString() };
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
    await runner.parts.safety.patch(
      check,
      ref,
      { spec: { template: { metadata: { annotations } } } },
      { access: 'fault' },
    );
    const actedMs = monoMs();
    writer.observe({ kind: 'fault-acted', t: actedMs, member: target, did: 'template patched' });
    const limitMs = timeoutMsOf(runner.runState.environment, 'faultLanding');
    const observed = await lookUntil(
      async () => (await read(runner, subject, signal)).status?.observedGeneration ?? 0,
      (seen) => seen > generation,
      { deadlineMs: limitMs, intervalMs: LOOK_EVERY_MS, signal },
    );
    if (observed <= generation) {
      const reason = `the controller of ${target} has not seen generation ${generation + 1} within ${limitMs} ms`;
      writer.observe({ kind: 'fault-missed', reason });
      return { target, landedAtMs: null, proof: reason };
    }
    const landedMs = monoMs();
    const proof = `generation ${generation} → ${observed} of ${target}: its controller rolls out another template`;
    writer.observe({
      kind: 'fault-landed',
      t: landedMs,
      by: 'template replaced',
      proof,
      hit: [],
      betweenMs: [actedMs, landedMs],
    });
    return { target, landedAtMs: landedMs, proof };
  } finally {
    await writer.close();
  }
}

async function rolledOut(
  runner: ServedRunner,
  { check, trial, subject, timeoutMs }: Params<'deployment.rolledOut'>,
  { old, signal }: { old: ReadonlySet<string>; signal: AbortSignal },
): Promise<Result<'deployment.rolledOut'>> {
  const { over, detail } = await lookUntil(
    () => progress(runner, { subject, old }, signal),
    (seen) => seen.over,
    { deadlineMs: timeoutMs, intervalMs: LOOK_EVERY_MS, signal },
  );
  if (over) {
    const writer = openHistory(runner.runState.trialFolder(check, trial), 'rollout.ndjson');
    writer.observe({ kind: 'rollout-done', replaced: old.size, detail });
    await writer.close();
  }
  return { done: over, detail };
}

async function progress(
  runner: ServedRunner,
  { subject, old }: { subject: DeploymentName; old: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<{ over: boolean; detail: string }> {
  const left = (await deploymentPods(runner, subject))
    .filter(({ uid }) => old.has(uid))
    .map(({ name }) => name);
  const { spec, status = {} } = await read(runner, subject, signal);
  const { replicas: wanted = 1 } = spec;
  const { readyReplicas = 0, updatedReplicas = 0 } = status;
  return {
    over: left.length === 0 && readyReplicas === wanted && updatedReplicas === wanted,
    detail: `${readyReplicas} of ${wanted} ready, ${updatedReplicas} with the new template; pods left from before: ${left.join(', ') || 'none'}`,
  };
}
