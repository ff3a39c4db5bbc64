import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { deepFreeze } from './deep-freeze.ts';
import type { Vu } from './vu.ts';

/** Files read by `open`, and shared arrays of the script; kept once for all VUs of a thread. */
export class SharedFiles {
  readonly #files = new Map<string, Buffer>();
  readonly #arrays = new Map<string, readonly unknown[]>();

  /** @throws Error naming the file, when it cannot be read or iterations have begun */
  open(vu: Vu, folder: string, { path, mode }: { path: unknown; mode: unknown }): string | ArrayBuffer {
    if (!vu.initialising)
      throw new Error(`open(${JSON.stringify(path)}): files can be opened only while the script is loaded`);
    if (typeof path !== 'string' || path === '') throw new TypeError('open(): expected the path of a file');
    if (/^[a-z]+:\/\//i.test(path))
      throw new Error(`open(${JSON.stringify(path)}): only files are opened, not URLs`);
    const full = resolve(folder, path);
    let bytes = this.#files.get(full);
    if (bytes === undefined) this.#files.set(full, (bytes = readFileSync(full)));
    if (mode !== 'b') return bytes.toString('utf8');
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  }

  /** The class `SharedArray` of one VU. The thread's first VU makes the data; it is frozen. */
  sharedArray(vu: Vu): unknown {
    const arrays = this.#arrays;
    return function SharedArray(name: unknown, make: unknown): readonly unknown[] {
      if (!vu.initialising) throw new Error('new SharedArray() must be called while the script is loaded');
      if (typeof name !== 'string' || name === '')
        throw new TypeError('new SharedArray(): expected a name that is not empty');
      if (typeof make !== 'function')
        throw new TypeError(`new SharedArray(${JSON.stringify(name)}): expected a function`);
      const known = arrays.get(name);
      if (known !== undefined) return known;
      const made = (make as () => unknown)();
      if (!Array.isArray(made))
        throw new TypeError(`new SharedArray(${JSON.stringify(name)}): the function must return an array`);
      // Through JSON, as in k6, so that values that JSON cannot hold are lost in the same way.
      const data = deepFreeze(JSON.parse(JSON.stringify(made)) as unknown[]);
      arrays.set(name, data);
      return data;
    };
  }
}
