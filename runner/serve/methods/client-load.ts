import type { Handlers } from '../handlers.ts';
import type { ServedRunner } from '../served.ts';

type Methods = Pick<
  Handlers,
  | 'clientLoad.start'
  | 'clientLoad.wait'
  | 'clientLoad.stop'
  | 'clientLoad.readBack'
  | 'observer.start'
  | 'observer.stop'
>;

export function clientLoadMethods({ clientLoads }: ServedRunner): Methods {
  return {
    'clientLoad.start': async (subject) => done(clientLoads.start(subject)),
    'clientLoad.wait': (wait, call) => clientLoads.wait(wait, call.signal),
    'clientLoad.stop': ({ check }) => done(clientLoads.stop(check)),
    'clientLoad.readBack': (subject, call) => done(clientLoads.readBack(subject, call.signal)),
    'observer.start': (subject) => done(clientLoads.observe(subject)),
    'observer.stop': ({ check, lookOn }) => done(clientLoads.stopObserving(check, lookOn)),
  };
}

async function done(work: Promise<void>): Promise<null> {
  await work;
  return null;
}
