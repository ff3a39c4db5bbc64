import { replacing } from '../../probes/redact.ts';

/** Rates, durations and switches: no secret, and messages would be spoilt without them. */
const HARMLESS = /^(?:\d{1,5}(?:\.\d+)?(?:ms|s|m|h)?|true|false)$/;

/** Puts `[NAME]` where a value of these variables stands in a text. */
export function variablesHidden(variables: Readonly<Record<string, string>>): (text: string) => string {
  const secret = Object.entries(variables).filter(([, value]) => !HARMLESS.test(value));
  return replacing(secret.map(([name, value]) => [value, `[${name}]`]));
}
