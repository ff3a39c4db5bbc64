import type { Handlers } from '../session.ts';
import type { ServedRunner } from '../served.ts';

type Methods = Pick<
  Handlers,
  | 'workload.start'
  | 'workload.wait'
  | 'workload.stop'
  | 'workload.readBack'
  | 'observer.start'
  | 'observer.stop'
>;

export function workloadMethods({ workloads }: ServedRunner): Methods {
  return {
    'workload.start': async (subject) => done(workloads.start(subject)),
    'workload.wait': (wait, call) => workloads.wait(wait, call.signal),
    'workload.stop': ({ check }) => done(workloads.stop(check)),
    'workload.readBack': (subject, call) => done(workloads.readBack(subject, call.signal)),
    'observer.start': (subject) => done(workloads.observe(subject)),
    'observer.stop': ({ check }) => done(workloads.stopObserving(check)),
  };
}

async function done(work: Promise<void>): Promise<null> {
  await work;
  return null;
}
