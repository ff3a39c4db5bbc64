import { openHistory } from '../../../probes/history.ts';
import { measureNodes } from '../../ask/clocks.ts';
import type { Handlers } from '../handlers.ts';
import type { ServedRunner } from '../served.ts';

/** How far the clocks of nodes are off, written into the history of the check that compares their times with its own. */
export function clockMethods({ runState, parts }: ServedRunner): Pick<Handlers, 'clocks.nodes'> {
  return {
    'clocks.nodes': async ({ check, trial, pods }, { signal }) => {
      const writer = openHistory(runState.trialFolder(check, trial), 'clocks.ndjson', {
        redact: runState.redact,
      });
      try {
        return await measureNodes(parts.cluster, pods, { write: (seen) => writer.observe(seen), signal });
      } finally {
        await writer.close();
      }
    },
  };
}
