/** The rights that a check needs, put together from its definition, the fault that it injects and what the runner does for it. */
import { faultOf } from '../../faults/index.ts';
import { STORE_KINDS } from '../../probes/declared-stores.ts';
import { asks, execsIn, lists, logsIn, makes, merged, reads } from '../../probes/kubernetes/access/rights.ts';
import type { Right } from '../../probes/kubernetes/access/rights.ts';
import { METHODS } from '../harness/methods.ts';
import type { Touches } from './touches.ts';
import type { Access, CatalogueRow } from './types.ts';

/** All that a check needs where it may do all that it can. */
export function rightsOf({ touches, injects }: Pick<CatalogueRow, 'touches' | 'injects'>): Right[] {
  return merged([...ownRights(touches), ...faultRights(injects)]);
}

/** The same where it has this access: where it only reads it makes nothing, and so needs nothing in the namespace of canaries. */
export function rightsWith(row: Pick<CatalogueRow, 'touches' | 'injects'>, access: Access): Right[] {
  if (access === 'none') return [];
  return access === 'r' ? rightsOf(row).filter(({ where }) => where !== 'canary') : rightsOf(row);
}

function ownRights(touches: Touches): Right[] {
  const { execsNotGiven: notGiven } = touches;
  return [
    ...lists(...(touches.lists ?? [])),
    ...reads(...(touches.reads ?? [])),
    ...(touches.makes ?? []).map(makes),
    ...(touches.execs ?? []).map((where) => ({
      ...execsIn(where),
      ...(notGiven !== undefined && { notGiven }),
    })),
    ...(touches.logs ?? []).map(logsIn),
    ...(touches.asks ?? []).map(asks),
    ...(touches.runner ?? []).flatMap((method) => METHODS[method]?.rights ?? []),
  ];
}

/** What the fault does, and what the store's own way of it does. */
function faultRights(injects: CatalogueRow['injects']): readonly Right[] {
  if (injects?.fault === undefined) return [];
  const { store: name, fault } = injects;
  const kind = STORE_KINDS.find((one) => one.name === name);
  return [...faultOf(fault).rights, ...(kind?.rightsFor?.[fault] ?? [])];
}

/** Rights in lines for people, those that differ in the resource alone together: `list, watch everywhere: nodes, pods`. */
export function rightLines(rights: readonly Right[]): string[] {
  const lines = new Map<string, { begins: string; resources: string[]; ends: string }>();
  for (const { verbs, group, resource, where, names = [], notGiven } of merged(rights)) {
    const begins = `${verbs.join(', ')} ${where === 'everywhere' ? where : `in ${where}`}`;
    const ends = notGiven === undefined ? '' : ` – given to nobody: ${notGiven}`;
    const line = lines.get(begins + ends) ?? { begins, resources: [], ends };
    const named = names.length === 0 ? '' : ` (${names.join(', ')})`;
    line.resources.push(`${group === '' ? '' : `${group}/`}${resource}${named}`);
    lines.set(begins + ends, line);
  }
  return [...lines.values()].map(
    ({ begins, resources, ends }) => `${begins}: ${resources.join(', ')}${ends}`,
  );
}
