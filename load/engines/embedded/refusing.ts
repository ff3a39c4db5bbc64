import { vus } from './vu.ts';

/** The error to throw when a script uses what this engine lacks. The load fails with it, even if the script catches it. */
export function unsupported(what: string): TypeError {
  const error = new TypeError(
    `${what} is not supported by the embedded engine, which has a part of k6 (load/engines/embedded/README.md)`,
  );
  vus.getStore()?.load.refuse(error.message);
  return error;
}

/** A prototype that refuses, by its name, each member that an object of k6 has not got here. */
export function refusing(name: string): object {
  return new Proxy(Object.prototype, {
    get: (target, key, receiver) => {
      if (typeof key === 'symbol' || key in target || key === 'then' || key === 'toJSON')
        return Reflect.get(target, key, receiver) as unknown;
      throw unsupported(`${name}.${key}`);
    },
  });
}
