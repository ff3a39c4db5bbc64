import type { Environment } from '../../../env/schema.ts';
import type { Place } from '../../../probes/kubernetes/access/rights.ts';
import { METHODS } from '../../harness/methods.ts';
import type { Touches } from '../touches.ts';
import type { Access, CatalogueRow } from '../types.ts';
import { accessIn } from './access.ts';
import { faultIn } from './goals.ts';

/** What a check does that a read-only run must not, by its definition alone; null: such a run has it, or the run may do more than read. */
export function notReadOnly(environment: Environment, row: CatalogueRow): string | null {
  if (environment.readOnly !== true) return null;
  const does = actOf(environment, row, accessIn(environment, row));
  return does === null ? null : `read only: this check ${does}`;
}

function actOf(environment: Environment, row: CatalogueRow, access: Access): string | null {
  if (access === 'F' || access === 'permit') return faultText(faultIn(environment, row.id));
  if (access !== 'w') return otherText(environment, row, access);
  const makes = makingText(row.touches, environment);
  return makes ?? otherText(environment, row, access) ?? 'writes canary data of its own';
}

function otherText(environment: Environment, row: CatalogueRow, access: Access): string | null {
  const { touches } = row;
  return methodText(touches) ?? execText(touches, environment, access) ?? sendingText(row);
}

function sendingText({ onlyMakes }: CatalogueRow): string | null {
  return onlyMakes === true ? 'creates the load or breach that it measures' : null;
}

function faultText(fault: string | undefined): string {
  return fault === undefined ? 'disturbs the environment' : `injects the fault ${fault}`;
}

function makingText({ makes = [] }: Touches, { namespaces }: Environment): string | null {
  if (makes.length === 0) return null;
  const kinds = makes.map((kind) => `a ${kind.slice(kind.lastIndexOf('/') + 1)}`);
  return `makes ${kinds.join(' and ')} in ${namespaces.canary}`;
}

function methodText({ runner = [], leavesOut = [] }: Touches): string | null {
  return (
    runner
      .filter((method) => !leavesOut.includes(method))
      .flatMap((method) => METHODS[method]?.acts ?? [])[0] ?? null
  );
}

/** Where it only reads it makes no canary, and so runs nothing in one. */
function execText({ execs = [] }: Touches, environment: Environment, access: Access): string | null {
  const places = execs.filter((place) => access === 'w' || place !== 'canary');
  if (places.length === 0) return null;
  return `runs commands in pods of ${places.map((place) => namespaceOf(place, environment)).join(' and ')}`;
}

function namespaceOf(place: Place, { namespaces }: Environment): string {
  return place in namespaces ? namespaces[place as keyof Environment['namespaces']] : place;
}
