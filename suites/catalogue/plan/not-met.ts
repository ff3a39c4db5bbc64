import { managerOf, storeKind } from '../../../probes/declared-stores.ts';
import type { Environment, StoreName } from '../../../env/schema.ts';
import { OPERATORS, operatorsOf } from '../operators.ts';
import type { CatalogueRow } from '../types.ts';

/** The row with the adapters that this environment makes it use and that were written from documentation alone. */
export function withNotMet(environment: Environment, row: CatalogueRow): CatalogueRow {
  const declared = Object.entries(environment.stores);
  const asked = row.asksStores === true ? declared : declared.filter(([name]) => name === row.injects?.store);
  const notMet = asked.flatMap(([name, store]) => {
    const manager = managerOf(name, store);
    return manager === null ? [] : unmetOf(name).filter(({ key }) => key === manager);
  });
  const operators = operatorsOf(environment, row).filter(({ metWith }) => metWith === null);
  const adapters = [...notMet, ...operators].map(({ label }) => label);
  const labels = [...adapters, ...(row.asksObjectives === true ? templates(environment) : [])];
  return labels.length === 0 ? row : { ...row, notMet: labels };
}

/** Templates of objectives that no real product has answered. */
function templates({ objectives }: Environment): string[] {
  return [...new Set(objectives.flatMap(({ notMet = [] }) => notMet))];
}

/** Every adapter that no real product has answered yet, with the key of an environment file that declares it. */
export function notMetYet(stores: readonly StoreName[]): { label: string; declaredBy: string }[] {
  const ofStores = stores.flatMap((store) =>
    unmetOf(store).map(({ key, label }) => ({ label, declaredBy: `stores.${store}.${key}` })),
  );
  const others = OPERATORS.filter(({ metWith }) => metWith === null);
  return [...ofStores, ...others.map(({ label, declaredBy }) => ({ label, declaredBy }))];
}

function unmetOf(store: string): { key: string; label: string }[] {
  return Object.entries(storeKind(store).managers ?? {}).flatMap(([key, { label, metWith }]) =>
    metWith === null ? [{ key, label }] : [],
  );
}
