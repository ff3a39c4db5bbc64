import { openHistory } from '../../../probes/history.ts';
import { storeDriver } from '../../../probes/stores.ts';
import type { Leadership, StoreTarget } from '../../../probes/store/store-driver.ts';
import { faultOf, faults } from '../../../faults/index.ts';
import type { Fault, FaultContext } from '../../../faults/_common/fault.ts';
import type { Params, Result } from '../../../suites/harness/protocol.ts';
import { deploymentFault, deploymentPods, isDeployment } from '../../targets/deployments.ts';
import type { Subject } from '../../targets/deployments.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { injectorFor, surroundingsOf } from '../../targets/fault-injector.ts';
import { endedEarly } from '../../ask/in-force.ts';
import { podsNow, nodesOf, podsOn, restartsNow } from '../../ask/nodes-back.ts';
import { kubeCallTo } from '../../provider-safety.ts';
import type { Call, Handlers } from '../handlers.ts';
import type { ServedRunner } from '../served.ts';

export function faultMethods(runner: ServedRunner): Pick<Handlers, 'fault.inject' | 'fault.restore'> {
  /** Folders of the trials whose fault lasts until it is undone, by check. */
  const lasting = new Map<string, string>();
  return {
    'fault.inject': async (params, call) => {
      const before = { from: new Date(), restarts: await restartsNow(runner) };
      if (faults.get(params.fault)?.takesNode !== true) {
        const { result, pods } = await inject(runner, params, call);
        if (result.untouched !== true) runner.drills.begin(params.check, pods, before);
        if (result.lasting === true)
          lasting.set(params.check, runner.runState.trialFolder(params.check, params.trial));
        return result;
      }
      const pods = await podsNow(runner);
      const { check } = params;
      const gone: string[] = [];
      try {
        const { result, nodes } = await inject(runner, params, call);
        // A fault that did not land took no node away; what may be open all the same is in the journal.
        if (result.landedAtMs !== null) gone.push(...nodes);
        if (result.untouched !== true) runner.drills.begin(check, await podsOn(runner, nodes), before);
        return result;
      } finally {
        // If the injection broke off, its open journal entries name the nodes that it may have taken.
        const open = nodesOf(runner.parts.safety.pending({ check, access: 'fault' }));
        const nodes = [...new Set([...gone, ...open])];
        if (nodes.length > 0) runner.lostNodes.add(runner, check, { nodes, before: pods });
      }
    },
    'fault.restore': async ({ check }, call) => {
      const folder = lasting.get(check);
      lasting.delete(check);
      const early = folder === undefined ? null : await endedEarly(runner, check);
      const report = await runner.parts.safety.restore({ check, access: 'fault' });
      if (folder !== undefined && early !== null) await noteEarly(runner, folder, early);
      if (report.failed.length > 0) throw new Error(`not undone: ${report.failed.join('; ')}`);
      const missing = await runner.lostNodes.awaitOf(runner, check, call.signal);
      runner.drills.end(check, new Date());
      // The trial continues with its read-back: differences from before are judged afterwards. At the end of the run the nodes are looked
      // at once more, and that counts for the run's verdict.
      if (missing !== null) runner.complaints.push(`${check}: ${missing}`);
      return null;
    },
  };
}

/** For the trial it is as if the fault had been undone early. */
async function noteEarly({ runState }: ServedRunner, folder: string, reason: string): Promise<void> {
  const writer = openHistory(folder, 'faults.ndjson', { redact: runState.redact });
  writer.observe({ kind: 'restored-early', reason });
  await writer.close();
}

async function inject(
  runner: ServedRunner,
  params: Params<'fault.inject'>,
  call: Call,
): Promise<{ result: Result<'fault.inject'>; nodes: string[]; pods: string[] }> {
  const { check, store, trial } = params;
  const { environment } = runner.runState;
  const fault = faultOf(params.fault);
  const refusal = fault.refusal(surroundingsOf(environment));
  if (refusal !== null) throw new Error(refusal);
  const members = isDeployment(store) ? await deploymentPods(runner, store) : await runner.stores.pods(store);
  const writer = openHistory(runner.runState.trialFolder(check, trial), 'faults.ndjson', {
    redact: runner.runState.redact,
  });
  const kube = kubeCallTo(runner.parts.cluster, runner.parts.readOnly);
  try {
    const guard = guardOf(runner, check, call.signal);
    const subject = isDeployment(store)
      ? deploymentFault(runner, { subject: store, target: params.target })
      : await subjectOf(runner, params, call);
    const shared = {
      ...guard,
      kube: kube.call,
      write: (seen: Parameters<FaultContext['write']>[0]) => writer.observe(seen),
    };
    const injector = await injectorFor(runner, shared);
    const result = await fault.inject({ ...shared, ...subject, members, injector });
    const targets = result.target.split(', ');
    const nodes = members.flatMap(({ name, node }) =>
      node !== null && targets.includes(name) ? [node] : [],
    );
    const pods = targets.map((name) => `${subject.namespace}/${name}`);
    return { result: { ...result, lasting: lasts(fault, result) }, nodes, pods };
  } finally {
    kube.close();
    await writer.close();
  }
}

function lasts(fault: Fault, { landedAtMs }: Result<'fault.inject'>): boolean {
  return landedAtMs !== null && !fault.heals;
}

type Guard = Pick<FaultContext, 'check' | 'perform' | 'calm' | 'restore' | 'timeoutMs' | 'signal'>;

function guardOf(runner: ServedRunner, check: string, signal: AbortSignal): Guard {
  const { safety } = runner.parts;
  const { environment } = runner.runState;
  return {
    check,
    perform: (mutation) => safety.perform(mutation),
    restore: () => safety.restore({ check, access: 'fault' }),
    calm: () => runner.clientLoads.calm(check, signal),
    timeoutMs: (name) => timeoutMsOf(environment, name as Parameters<typeof timeoutMsOf>[1]),
    signal,
  };
}

/** The target: the store as declared, and who holds which role in it now. */
async function subjectOf(
  runner: ServedRunner,
  { check, store, target, trial, also }: Params<'fault.inject'>,
  call: Call,
): Promise<Subject> {
  const { environment } = runner.runState;
  const { partition } = runner.stores.declared(store);
  const { switchover: order } = storeDriver(store);
  const reached = await runner.stores.target(store);
  const run = runner.clientLoads.runName({ check, store, trial });
  const bounds = { deadlineMs: timeoutMsOf(environment, 'storeOperation'), signal: call.signal };
  const ordering = { deadlineMs: timeoutMsOf(environment, 'switchover'), signal: call.signal };
  return {
    store,
    target,
    ...runner.stores.placeOf(store),
    ...(await leadershipOf(store, { reached, run }, bounds)),
    otherPeers: await runner.stores.otherPeers(store),
    also: also ?? partition.also,
    switchover: order === undefined ? null : (from) => order(reached, { run, from }, ordering),
  };
}

async function leadershipOf(
  store: string,
  { reached, run }: { reached: StoreTarget; run: string },
  bounds: { deadlineMs: number; signal: AbortSignal },
): Promise<Leadership> {
  const driver = storeDriver(store);
  if (driver.leadership !== undefined) return driver.leadership(reached, run, bounds);
  const { leader } = await driver.describe(reached, bounds);
  return { leader };
}
