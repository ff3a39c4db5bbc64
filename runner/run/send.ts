import type { Environment, SecretSource } from '../../env/schema.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { sendTelemetry } from '../record/telemetry/index.ts';
import type { StoreTargets } from '../targets/store-target.ts';

/**
 * Sends the record of a run to wherever its environment wants it, below the span that the caller's `TRACEPARENT` names.
 * @param stores of the environment, which read secrets; undefined where it was not reached
 * @returns what could not be sent, a sentence each
 */
export function sendWritten(
  written: RunRecord,
  environment: Environment,
  stores: Pick<StoreTargets, 'secret'> | undefined,
): ReturnType<typeof sendTelemetry> {
  const secret = (source: SecretSource): Promise<string> =>
    stores?.secret(source) ?? Promise.reject(new Error('no secret can be read: no environment was reached'));
  return sendTelemetry(written, environment, { secret, parent: process.env['TRACEPARENT'] });
}
