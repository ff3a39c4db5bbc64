import { openHistory } from '../../probes/history.ts';
import { storeDriver } from '../../probes/stores.ts';
import type { Offices, StoreTarget } from '../../probes/store-driver.ts';
import { faultOf } from '../../suites/faults/index.ts';
import type { Fault, FaultContext } from '../../suites/faults/index.ts';
import type { Params, Result } from '../../suites/harness/protocol.ts';
import { deploymentFault, deploymentPods, isDeployment } from '../deployments.ts';
import type { Subject } from '../deployments.ts';
import { timeoutMsOf } from '../environment-parts.ts';
import { handFor, surroundingsOf } from '../fault-hand.ts';
import { podsNow, nodesOf, podsOn, restartsNow } from '../nodes-back.ts';
import { kubeCallFrom } from '../safety/index.ts';
import type { Call, Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';

export function faultMethods(engine: ServedEngine): Pick<Handlers, 'fault.inject' | 'fault.restore'> {
  return {
    'fault.inject': async (params, call) => {
      const before = { from: new Date(), restarts: await restartsNow(engine) };
      if (params.fault !== 'node-loss') {
        const { result, pods } = await inject(engine, params, call);
        engine.drills.begin(params.check, pods, before);
        return result;
      }
      const pods = await podsNow(engine);
      const { check } = params;
      const gone: string[] = [];
      try {
        const { result, nodes } = await inject(engine, params, call);
        // A fault that did not land took nothing away: what may be open all the same is recorded.
        if (result.landedAtMs !== null) gone.push(...nodes);
        engine.drills.begin(check, await podsOn(engine, nodes), before);
        return result;
      } finally {
        // Of an injection that broke off, what it recorded before it acted says which nodes it may have taken.
        const open = nodesOf(engine.parts.safety.pending({ check, access: 'fault' }));
        const nodes = [...new Set([...gone, ...open])];
        if (nodes.length > 0) engine.lostNodes.add(engine, check, { nodes, before: pods });
      }
    },
    'fault.restore': async ({ check }, call) => {
      const report = await engine.parts.safety.restore({ check, access: 'fault' });
      if (report.failed.length > 0) throw new Error(`not undone: ${report.failed.join('; ')}`);
      const missing = await engine.lostNodes.awaitOf(engine, check, call.signal);
      engine.drills.end(check, new Date());
      // The trial goes on to its read-back: what is not as it was before is compared, and judged, afterwards. Whether they are back at
      // the end of the run is looked at once more then, and decides on its verdict.
      if (missing !== null) engine.complaints.push(`${check}: ${missing}`);
      return null;
    },
  };
}

async function inject(
  engine: ServedEngine,
  params: Params<'fault.inject'>,
  call: Call,
): Promise<{ result: Result<'fault.inject'>; nodes: string[]; pods: string[] }> {
  const { check, store, trial } = params;
  const { environment } = engine.book;
  const fault = faultOf(params.fault);
  const refusal = fault.refusal(surroundingsOf(environment));
  if (refusal !== null) throw new Error(refusal);
  const members = isDeployment(store) ? await deploymentPods(engine, store) : await engine.stores.pods(store);
  const writer = openHistory(engine.book.trialFolder(check, trial), 'faults.ndjson', {
    redact: engine.book.redact,
  });
  const kube = kubeCallFrom(engine.parts.kubeconfig, engine.parts.context);
  try {
    const guard = guardOf(engine, check, call.signal);
    const subject = isDeployment(store)
      ? deploymentFault(engine, { subject: store, target: params.target, members })
      : await subjectOf(engine, params, call);
    const shared = {
      ...guard,
      kube: kube.call,
      write: (seen: Parameters<FaultContext['write']>[0]) => writer.observe(seen),
    };
    const hand = handFor(engine, shared);
    const result = await fault.inject({ ...shared, ...subject, members, hand });
    const hurt = result.target.split(', ');
    const nodes = members.flatMap(({ name, node }) => (node !== null && hurt.includes(name) ? [node] : []));
    const pods = hurt.map((name) => `${subject.namespace}/${name}`);
    return { result: { ...result, lasting: lasts(fault, result) }, nodes, pods };
  } finally {
    kube.close();
    await writer.close();
  }
}

function lasts(fault: Fault, { landedAtMs }: Result<'fault.inject'>): boolean {
  return landedAtMs !== null && !fault.heals;
}

type Guard = Pick<FaultContext, 'check' | 'perform' | 'restore' | 'timeoutMs' | 'signal'>;

function guardOf(engine: ServedEngine, check: string, signal: AbortSignal): Guard {
  const { safety } = engine.parts;
  const { environment } = engine.book;
  return {
    check,
    perform: (mutation) => safety.perform(mutation),
    restore: () => safety.restore({ check, access: 'fault' }),
    timeoutMs: (name) => timeoutMsOf(environment, name as Parameters<typeof timeoutMsOf>[1]),
    signal,
  };
}

/** What is hurt: the store as declared, and who holds which office in it now. */
async function subjectOf(
  engine: ServedEngine,
  { check, store, target, trial, also }: Params<'fault.inject'>,
  call: Call,
): Promise<Subject> {
  const { environment } = engine.book;
  const { statefulSet, container, partition } = engine.stores.declared(store);
  const { switchover: order } = storeDriver(store);
  const reached = await engine.stores.target(store);
  const run = engine.workloads.runName({ check, store, trial });
  const bounds = { deadlineMs: timeoutMsOf(environment, 'storeOperation'), signal: call.signal };
  const ordering = { deadlineMs: timeoutMsOf(environment, 'switchover'), signal: call.signal };
  return {
    store,
    target,
    namespace: statefulSet.namespace,
    statefulSet: statefulSet.name,
    container,
    ...(await officesOf(store, { reached, run }, bounds)),
    otherPeers: await engine.stores.otherPeers(store),
    also: also ?? partition.also,
    switchover: order === undefined ? null : (from) => order(reached, { run, from }, ordering),
  };
}

async function officesOf(
  store: string,
  { reached, run }: { reached: StoreTarget; run: string },
  bounds: { deadlineMs: number; signal: AbortSignal },
): Promise<Offices> {
  const driver = storeDriver(store);
  if (driver.offices !== undefined) return driver.offices(reached, run, bounds);
  const { leader } = await driver.describe(reached, bounds);
  return { leader };
}
