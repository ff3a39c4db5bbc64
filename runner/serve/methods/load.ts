import { ENOUGH } from '../../../load/process/index.ts';
import type { Handlers } from '../handlers.ts';
import type { ServedRunner } from '../served.ts';

export function loadMethods({
  loads,
}: ServedRunner): Pick<Handlers, 'load.start' | 'load.stop' | 'load.ended'> {
  return {
    'load.start': async (params, call) => {
      await loads.start(params, call.signal);
      return null;
    },
    'load.stop': async ({ check }) => ({ stopped: await loads.stop(check, ENOUGH) }),
    'load.ended': async ({ check, timeoutMs }, call) => ({
      ended: await loads.ended(check, timeoutMs, call.signal),
    }),
  };
}
