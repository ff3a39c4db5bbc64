/** What keeps a check from sending requests at all, where that is no defect of Plumbline's. */
import { RequestError } from './request-error.ts';

/**
 * Words of the runner: a source of a secret, a file of authorities, a token endpoint or the API server did not give what the requests need (`unavailable`);
 * not one of them got through (`unreachable`).
 */
const NOT_SENT: readonly string[] = ['unavailable', 'unreachable'];

/**
 * Starts something that sends requests, or asks a source.
 * @returns why it cannot; null: it does
 * @throws whatever else the start throws
 */
export async function whyNotSent(start: () => Promise<unknown>): Promise<string | null> {
  try {
    await start();
    return null;
  } catch (error) {
    if (error instanceof RequestError && NOT_SENT.includes(error.reason)) return error.message;
    throw error;
  }
}
