import { parseJson } from '../../../host/json.ts';
import { atMost } from '../../../reports/record/at-most.ts';
import { objectText } from '../../../reports/record/observations/change.ts';
import type { Change, ObjectName } from '../../../reports/record/observations/change.ts';
import { changedFields } from '../../safety/diff.ts';
import { isJson } from '../../safety/timers/undo-kube.ts';
import type { Json } from '../../safety/timers/undo-kube.ts';

/** Fields that are named to people. */
const MOST_FIELDS = 5;

/** What became of an object between two states, each in JSON. */
export function changeOf({ kind, namespace, name }: ObjectName, was: string, is: string): Change {
  const object = { kind, ...(namespace !== undefined && { namespace }), name };
  const paths = changedPaths(jsonIn(was), jsonIn(is));
  const said = paths.map(({ path, values }) => `${path}${values}`);
  return {
    ...object,
    became: 'changed',
    fields: paths.map(({ path }) => path),
    text: `${objectText(object)}: changed in ${atMost(said, MOST_FIELDS).join(', ')}`,
  };
}

function jsonIn(text: string): Json | undefined {
  const value = parseJson(text);
  return isJson(value) ? value : undefined;
}

interface ChangedPath {
  /** Such as `spec.template.spec.containers[0].env[1].value`. */
  path: string;
  /** For people, of numbers, `true` and `false` alone: any text of a workload, as in env, args and command, may be a secret. */
  values: string;
}

/** The paths at which two states of an object differ. */
function changedPaths(before: Json | undefined, after: Json | undefined, at = ''): ChangedPath[] {
  return changedFields(before, after).flatMap(({ at: below, before: [was], after: [is] }) => {
    const path = [...(at === '' ? [] : [at]), ...below].join('.');
    if (Array.isArray(was) && Array.isArray(is) && was.length === is.length)
      return was.flatMap((one, index) => changedPaths(one, is[index], `${path}[${index}]`));
    return [{ path, values: isPlain(was) && isPlain(is) ? ` (was ${String(was)}, is ${String(is)})` : '' }];
  });
}

function isPlain(value: Json | undefined): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}
