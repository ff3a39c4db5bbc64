import { parseJson } from '../../host/json.ts';
import { atMost } from '../../reports/record/at-most.ts';
import { changedFields } from '../safety/diff.ts';
import { isJson, isObject } from '../safety/timers/undo-kube.ts';
import type { Json } from '../safety/timers/undo-kube.ts';

/** Fields that are named. */
const MOST_FIELDS = 5;
/** Characters of each of two texts that are shown. */
const MOST_CHARACTERS = 300;

/** What became of something that was and is this text. Of an object in JSON only the paths are named, since its values may be secret. */
export function changeText(was: string, is: string): string {
  const [before, after] = [objectIn(was), objectIn(is)];
  if (before === null || after === null)
    return `was ${was.slice(0, MOST_CHARACTERS)}, is ${is.slice(0, MOST_CHARACTERS)}`;
  return `changed in ${atMost(changedPaths(before, after), MOST_FIELDS).join(', ')}`;
}

/** null: the text is no object. */
function objectIn(text: string): Json | null {
  const value = parseJson(text);
  return isJson(value) && isObject(value) ? value : null;
}

/**
 * The paths at which two states of an object differ, such as `spec.template.spec.containers[0].env[1].value`. What stands there is said of numbers,
 * `true` and `false` alone: any text of a workload, as in env, args and command, may be a secret.
 */
function changedPaths(before: Json | undefined, after: Json | undefined, at = ''): string[] {
  return changedFields(before, after).flatMap(({ at: below, before: [was], after: [is] }) => {
    const path = [...(at === '' ? [] : [at]), ...below].join('.');
    if (Array.isArray(was) && Array.isArray(is) && was.length === is.length)
      return was.flatMap((one, index) => changedPaths(one, is[index], `${path}[${index}]`));
    return [isPlain(was) && isPlain(is) ? `${path} (was ${String(was)}, is ${String(is)})` : path];
  });
}

function isPlain(value: Json | undefined): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}
