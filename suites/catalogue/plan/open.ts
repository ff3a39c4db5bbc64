import { loadEnvironment } from '../../../env/loader.ts';
import type { LoadOptions } from '../../../env/loader.ts';
import { provisionedOf } from '../../../env/providers/index.ts';
import type { Environment } from '../../../env/schema.ts';
import { checkFindings } from './references.ts';

/**
 * Loads an environment by name or file path. Checks the check names in it against the catalogue, and adds what this machine
 * knows about it if it is embedded.
 * @throws CommandError (64) and EnvironmentError (64) as `loadEnvironment` does
 */
export function openEnvironment(
  nameOrPath: string,
  options: Omit<LoadOptions, 'look' | 'provisioned'> = {},
): Promise<Environment> {
  return loadEnvironment(nameOrPath, { ...options, look: checkFindings, provisioned: provisionedOf });
}
