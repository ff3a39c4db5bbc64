import { openHistory } from '../../probes/history.ts';
import { measureNodes } from '../clocks.ts';
import type { Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';

/** How far the clocks of nodes are off, written into the history of the check that compares their times with its own. */
export function clockMethods({ book, parts }: ServedEngine): Pick<Handlers, 'clocks.nodes'> {
  return {
    'clocks.nodes': async ({ check, trial, pods }, { signal }) => {
      const writer = openHistory(book.trialFolder(check, trial), 'clocks.ndjson', { redact: book.redact });
      try {
        return await measureNodes(parts.cluster, pods, { write: (seen) => writer.observe(seen), signal });
      } finally {
        await writer.close();
      }
    },
  };
}
