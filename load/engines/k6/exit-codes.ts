/** What k6's exit codes mean: `errext/exitcodes` of its source, 2.2. */
import { COMPLETED } from '../engine.ts';
import type { Ending } from '../engine.ts';

/** k6 got SIGINT, and has finished its running iterations, teardown and summary. */
export const STOPPED_BY_SIGNAL = 105;

const CODES: Readonly<Record<number, Ending>> = {
  0: COMPLETED,
  97: { outcome: 'failed', reason: 'k6 says that a cloud test run failed, but Plumbline never starts one' },
  98: { outcome: 'failed', reason: 'k6 lost a cloud test run, but Plumbline never starts one' },
  // A threshold of the script was crossed, which decides nothing here; the load itself ran to its end.
  99: COMPLETED,
  100: { outcome: 'failed', reason: 'setup() did not end within its time-out' },
  101: { outcome: 'failed', reason: 'teardown() did not end within its time-out' },
  102: { outcome: 'failed', reason: 'k6 gave up after a time-out' },
  103: { outcome: 'interrupted', reason: 'the load was stopped over k6’s REST API' },
  104: { outcome: 'failed', reason: 'k6 refuses the options of the script' },
  [STOPPED_BY_SIGNAL]: { outcome: 'interrupted', reason: 'k6 was stopped by a signal' },
  106: { outcome: 'failed', reason: 'k6 could not open its REST API' },
  107: { outcome: 'failed', reason: 'the script does not load, or threw outside an iteration' },
  108: { outcome: 'aborted', reason: 'the script ended the load (exec.test.abort)' },
  109: { outcome: 'failed', reason: 'k6 crashed (a Go panic)' },
  110: { outcome: 'failed', reason: 'the script marked the load as failed (exec.test.fail)' },
};

/** Exit code 99 with this log line means that the load ended early (`internal/metrics/engine` of k6's source). */
const ABORTED_BY_THRESHOLD = /abortOnFail enabled, stopping test prematurely/;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * @param error the last error that k6 logged; empty: none
 * @returns the outcome, with a reason that ends with that error
 */
export function endingOf({ code, signal }: Exit, error: string): Ending {
  const says = error === '' ? '' : `: ${error}`;
  if (code === null)
    return {
      outcome: 'failed',
      reason: `k6 was killed by ${signal ?? 'a signal'}${signal === 'SIGKILL' ? ' (out of memory?)' : ''}${says}`,
    };
  if (code === 99 && ABORTED_BY_THRESHOLD.test(error))
    return { outcome: 'aborted', reason: `a threshold with abortOnFail was crossed${says}` };
  const known = CODES[code];
  if (known === undefined) return { outcome: 'failed', reason: `k6 ended with exit code ${code}${says}` };
  return known.outcome === 'completed' ? known : { ...known, reason: `${known.reason}${says}` };
}
