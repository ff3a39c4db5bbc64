/** Trials made up for tests in which requests are sent and nothing is read back: nobody is elected, no store is looked at. */
import { armedFor, clientOf, Synthetic } from './synthetic.ts';
import type { Outline } from './synthetic.ts';

/** As the client of the edge says. */
const DEFINITE = [
  'connect: any error before the request was sent',
  'status: any answer but 2xx',
  'correlation-id: of another',
  'credentials: a 401',
  'login: sent to a login page',
  'permission: a 403',
  'rate-limit: a 429',
];

export function requestsOnly(
  store: string,
  outline: Outline & { check: string; spacingMs: number },
): Synthetic {
  const made = new Synthetic(outline).without(
    'client-load-start',
    'client-load-end',
    'budget-estimate',
    'expected-window',
    'governing',
    'fault-armed',
    'leader',
    'members',
    'endpoint',
    'readback',
    'readback-plan',
    'stage',
  );
  made.reads.length = 0;
  const { faultAtMs, lengthMs, check, spacingMs } = made.outline;
  const fault = check.split('/')[2] ?? '';
  return made
    .see(
      -10,
      'client-load-start',
      clientOf(spacingMs, { store, readRatePerSecond: 0, definiteFailures: DEFINITE }),
    )
    .see(faultAtMs - 2, 'budget-estimate', {
      from: 'deadline',
      outageMs: 60_000,
      share: 1,
      estimateMs: 60_000,
      derivation: 'rtoDeadline',
      enforced: false,
    })
    .see(faultAtMs - 1, 'fault-armed', armedFor(fault, 'postgres-0'))
    .see(lengthMs + 1, 'client-load-end', { scheduled: made.writes.length, scheduledReads: 0 });
}
