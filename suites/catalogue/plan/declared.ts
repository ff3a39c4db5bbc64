import type { Environment, StoreName } from '../../../env/schema.ts';
import { declaredWords } from '../../../env/declared-words.ts';
import { faultOf } from '../../../faults/index.ts';
import { storeKind } from '../../../probes/declared-stores.ts';
import type { NotRun } from '../../../reports/record/not-run-by.ts';
import { memberNamespace } from '../../../reports/record/facts/store-pods.ts';
import { failoverParts } from './goals.ts';
import { requirementsOf } from '../requirements.ts';
import type { CatalogueRow, Requirement } from '../types.ts';

function leftOut(environment: Environment, store: StoreName): string | null {
  return environment.leftOut.includes(store) ? leftOutText(environment, `store ${store}`) : null;
}

function partLeftOut(environment: Environment, row: CatalogueRow): string | null {
  const part = row.parts.find((one) => environment.partsLeftOut.includes(one));
  return part === undefined ? null : leftOutText(environment, `part ${part}`);
}

function leftOutText(environment: Environment, what: string): string {
  return `not provisioned: ${what} (provisioned with ${declaredWords(environment).join(', ') || 'no store'})`;
}

/** Why `--with` leaves a check out (outside embedded environments): the store or part that was not selected; null if it does not. */
export function notSelected(environment: Environment, row: CatalogueRow): string | null {
  const looksAt = [row.injects?.store, ...row.parts];
  const word = looksAt.find((one) => one !== undefined && environment.notSelected.includes(one));
  if (word === undefined) return null;
  const chosen = declaredWords(environment).filter((one) => !environment.notSelected.includes(one));
  return `not selected: ${word} is declared, but not among --with (${chosen.join(', ')})`;
}

/** Why this check is not run: its fault needs a second member, and the store has only one. null: it can be run. */
export function oneMember(environment: Environment, row: CatalogueRow): string | null {
  const parts = failoverParts(row.id);
  if (parts === null || environment.stores[parts.store]?.members !== 1) return null;
  if (!faultOf(parts.fault).needsAnother) return null;
  const { alone } = storeKind(parts.store);
  const why = alone === undefined ? '' : ` (${alone})`;
  return `one member cannot fail over${why}: its restart is measured by pod-crash, pod-delete and hang`;
}

/** What the declaration of the store lacks for the fault of this check. */
function lackedByStore(environment: Environment, row: CatalogueRow): string[] {
  const parts = failoverParts(row.id);
  const declared = parts === null ? undefined : environment.stores[parts.store];
  if (parts === null || declared === undefined) return [];
  const lacked = storeKind(parts.store).lacks?.(declared, parts.fault) ?? null;
  return lacked === null ? [] : [lacked];
}

/** The store that a check breaks is an address without pods: there is nothing to hit. */
function lackedPods(environment: Environment, { injects }: CatalogueRow): string[] {
  const declared = injects?.store === undefined ? undefined : environment.stores[injects.store];
  return declared === undefined || memberNamespace(declared) !== null
    ? []
    : [`pods of ${injects?.store ?? ''}, which is declared as an address`];
}

/** What is left out with the Deployment behind the edge. */
function isOfEdge({ what }: Requirement): boolean {
  return /^(topology\.edge|application)\b/.test(what);
}

function missingFor(environment: Environment, row: CatalogueRow): Requirement[] {
  return requirementsOf(row).filter(({ declares }) => !declares(environment));
}

/** Why the check does not apply to this environment: it needs what nobody can declare here. null: it does. */
export function notApplying(environment: Environment, row: CatalogueRow): string | null {
  return missingFor(environment, row).find(({ never }) => never !== undefined)?.never ?? null;
}

/** What the check needs and an embedded environment was provisioned without, or null. */
function notProvisioned(environment: Environment, row: CatalogueRow): string | null {
  const store = row.injects?.store;
  const left = (store === undefined ? null : leftOut(environment, store)) ?? partLeftOut(environment, row);
  const behind = environment.behindEdgeLeftOut;
  if (left !== null || behind === undefined || !missingFor(environment, row).some(isOfEdge)) return left;
  return leftOutText(environment, `${behind}, to which topology.edge leads`);
}

/** All that the environment file does not declare and the check needs, as messages name it. */
function undeclared(environment: Environment, row: CatalogueRow): string[] {
  const store = row.injects?.store;
  return [
    ...(store !== undefined && environment.stores[store] === undefined ? [`store ${store}`] : []),
    ...missingFor(environment, row).map((one) => one.what),
    ...lackedPods(environment, row),
    ...lackedByStore(environment, row),
  ];
}

/** Why the check cannot run with what the environment file declares, or null. */
export function notDeclared(environment: Environment, row: CatalogueRow): NotRun | null {
  const left = notProvisioned(environment, row);
  if (left !== null) return { by: 'not-provisioned', text: left };
  const lacks = undeclared(environment, row);
  return lacks.length === 0 ? null : { by: 'not-declared', text: `not declared: ${lacks.join(', ')}`, lacks };
}
