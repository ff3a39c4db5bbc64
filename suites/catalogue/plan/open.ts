import { provisionedHere } from '../../../env/local/provisioned.ts';
import { loadEnvironment } from '../../../env/loader.ts';
import type { LoadOptions } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { checkFindings } from './references.ts';

/**
 * An environment by its name or the path of its file: with the names of checks in it held against the catalogue, and with what this machine
 * knows of it where it is an embedded one.
 * @throws CommandError (64) and EnvironmentError (64) as `loadEnvironment` does
 */
export function openEnvironment(
  nameOrPath: string,
  options: Omit<LoadOptions, 'look' | 'provisioned'> = {},
): Promise<Environment> {
  return loadEnvironment(nameOrPath, { ...options, look: checkFindings, provisioned: provisionedHere });
}
