import assert from 'node:assert/strict';
import { SignalError } from '../index.ts';

/** For `assert.rejects`: an error of a source of telemetry, whose `REASON: MESSAGE` is as wanted. */
export const why = (wanted: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SignalError, String(error));
  assert.match(`${error.reason}: ${error.message}`, wanted);
  return true;
};
