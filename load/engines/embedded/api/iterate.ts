import { unsupported } from './unsupported.ts';

type Callback = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Runs an array method whose callback blocks: awaits one element after the other, and returns what the method would.
 * @throws TypeError when the object is not an array (or, for `forEach`, a Map or Set)
 */
export async function iterate(
  name: string,
  object: unknown,
  callback: unknown,
  ...rest: unknown[]
): Promise<unknown> {
  if (typeof callback !== 'function') throw new TypeError(`${name}(): expected a function`);
  if (name === 'forEach' && (object instanceof Map || object instanceof Set)) {
    for (const [key, value] of object.entries())
      await (callback as Callback).call(rest[0], value, key, object);
    return undefined;
  }
  if (!Array.isArray(object) && !ArrayBuffer.isView(object))
    throw unsupported(
      `${name}() with a callback that blocks: the embedded engine supports it on arrays only`,
    );
  const run = RUNNERS[name];
  if (run === undefined)
    throw unsupported(`${name}() with a callback that blocks is not supported by the embedded engine`);
  return run(object as unknown as unknown[], callback as Callback, rest);
}

type Runner = (array: unknown[], callback: Callback, rest: unknown[]) => Promise<unknown>;

/** Calls the callback for each element until `seen` returns true. Holes are skipped unless `holes` is set. */
async function each(
  [array, callback, rest]: Parameters<Runner>,
  seen: (result: unknown, index: number) => boolean,
  holes = false,
): Promise<void> {
  const { length } = array;
  for (let index = 0; index < length; index++) {
    if (!holes && !(index in array)) continue;
    if (seen(await callback.call(rest[0], array[index], index, array), index)) return;
  }
}

async function collect(call: Parameters<Runner>): Promise<unknown[]> {
  const results: unknown[] = [];
  await each(call, (result, index) => {
    results[index] = result;
    return false;
  });
  return results;
}

async function findIndex(call: Parameters<Runner>): Promise<number> {
  let found = -1;
  await each(
    call,
    (result, index) => {
      if (result) found = index;
      return found >= 0;
    },
    true,
  );
  return found;
}

const RUNNERS: Readonly<Record<string, Runner>> = {
  forEach: async (...call) => {
    await collect(call);
  },
  map: (...call) => collect(call),
  flatMap: async (...call) => (await collect(call)).flat(),
  filter: async (...call) => {
    const kept: unknown[] = [];
    await each(call, (result, index) => {
      if (result) kept.push(call[0][index]);
      return false;
    });
    return kept;
  },
  find: async (...call) => call[0][await findIndex(call)],
  findIndex: (...call) => findIndex(call),
  some: async (...call) => {
    let any = false;
    await each(call, (result) => (any = Boolean(result)));
    return any;
  },
  every: async (...call) => {
    let all = true;
    await each(call, (result) => !(all = Boolean(result)));
    return all;
  },
  reduce: async (array, callback, rest) => {
    const indexes = [...array.keys()].filter((index) => index in array);
    if (rest.length === 0 && indexes.length === 0)
      throw new TypeError('Reduce of empty array with no initial value');
    let result = rest.length > 0 ? rest[0] : array[indexes.shift() ?? 0];
    for (const index of indexes) result = await callback.call(undefined, result, array[index], index, array);
    return result;
  },
};
