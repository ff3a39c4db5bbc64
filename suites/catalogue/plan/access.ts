import type { Environment } from '../../../env/schema.ts';
import type { Access, CatalogueRow } from '../types.ts';

/**
 * What a check does in an environment. In a read-only run, a check that would write canaries reads instead, if there is a kind of environment in
 * which it does no more than that: its code then knows how (`writes` of its settings is false).
 */
export function accessIn(
  { kind, readOnly }: Pick<Environment, 'kind' | 'readOnly'>,
  { access }: Pick<CatalogueRow, 'access'>,
): Access {
  const usual = access[kind];
  return usual === 'w' && readOnly === true && Object.values(access).includes('r') ? 'r' : usual;
}
