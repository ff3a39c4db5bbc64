import { openHistory } from '../../probes/history.ts';
import { storeDriver } from '../../probes/stores.ts';
import { faultOf } from '../../suites/faults/index.ts';
import type { Params, Result } from '../../suites/harness/protocol.ts';
import { embeddedOf, timeoutMsOf } from '../environment-parts.ts';
import { kubeCallFrom } from '../safety/index.ts';
import type { Call, Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';

export function faultMethods(engine: ServedEngine): Pick<Handlers, 'fault.inject' | 'fault.restore'> {
  return {
    'fault.inject': (params, call) => inject(engine, params, call),
    'fault.restore': async ({ check }) => {
      const report = await engine.parts.safety.restore({ check, access: 'fault' });
      if (report.failed.length > 0) throw new Error(`not undone: ${report.failed.join('; ')}`);
      return null;
    },
  };
}

async function inject(
  engine: ServedEngine,
  params: Params<'fault.inject'>,
  call: Call,
): Promise<Result<'fault.inject'>> {
  const { check, store, target, trial } = params;
  const { safety, kubeconfig } = engine.parts;
  const { environment } = engine.book;
  const fault = faultOf(params.fault);
  const embedded = embeddedOf(environment);
  const refusal = fault.refusal({ embedded });
  if (refusal !== null) throw new Error(refusal);
  const { statefulSet } = engine.stores.declared(store);
  const bounds = { deadlineMs: timeoutMsOf(environment, 'storeOperation'), signal: call.signal };
  const described = await storeDriver(store).describe(await engine.stores.target(store), bounds);
  const writer = openHistory(engine.book.trialFolder(check, trial), 'faults.ndjson', {
    redact: engine.book.redact,
  });
  const kube = kubeCallFrom(kubeconfig);
  try {
    return await fault.inject({
      check,
      store,
      target,
      embedded,
      namespace: statefulSet.namespace,
      statefulSet: statefulSet.name,
      leader: described.leader,
      members: await engine.stores.pods(store),
      kube: kube.call,
      perform: (mutation) => safety.perform(mutation),
      restore: () => safety.restore({ check, access: 'fault' }),
      write: (seen) => writer.observe(seen),
      timeoutMs: (name) => timeoutMsOf(environment, name as Parameters<typeof timeoutMsOf>[1]),
      settings: engine.book.headerSource(check).settings,
      signal: call.signal,
    });
  } finally {
    kube.close();
    await writer.close();
  }
}
