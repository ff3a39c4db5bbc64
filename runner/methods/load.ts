import type { Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';

export function loadMethods({
  loads,
}: ServedEngine): Pick<Handlers, 'load.start' | 'load.stop' | 'load.ended'> {
  return {
    'load.start': async (params) => {
      await loads.start(params);
      return null;
    },
    'load.stop': async ({ check }) => ({ stopped: await loads.stop(check) }),
    'load.ended': async ({ check, timeoutMs }, call) => ({
      ended: await loads.ended(check, timeoutMs, call.signal),
    }),
  };
}
