import { replacing } from '../../probes/redact.ts';
import type { LoadRequest } from './engine.ts';

/** Replaces the value of each secret variable in a text by `[NAME]`. */
export function secretsHidden({
  variables,
  secrets = [],
}: Pick<LoadRequest, 'variables' | 'secrets'>): (text: string) => string {
  return replacing(secrets.map((name) => [variables[name] ?? '', `[${name}]`]));
}
