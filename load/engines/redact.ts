import { replacing } from '../../probes/redact.ts';
import type { LoadRequest } from './engine.ts';

/** Puts `[NAME]` where the value of a secret variable stands in a text. */
export function secretsHidden({
  variables,
  secrets = [],
}: Pick<LoadRequest, 'variables' | 'secrets'>): (text: string) => string {
  return replacing(secrets.map((name) => [variables[name] ?? '', `[${name}]`]));
}
