import type { CatalogueRow } from '../types.ts';

const UNFIT: Readonly<Record<NonNullable<CatalogueRow['needsOfLoad']>, string>> = {
  'early-end': 'it ends its load itself, and a load over the k6 operator that is ended has no result',
  latencies: 'it judges latencies, and pods of the k6 operator report only quantiles of their own',
};

/** Why a load of a check that is spread over the k6 operator's pods cannot show what the check is about; null: it can. */
export function unfitForOperator({ needsOfLoad }: Pick<CatalogueRow, 'needsOfLoad'>): string | null {
  return needsOfLoad === undefined ? null : UNFIT[needsOfLoad];
}
