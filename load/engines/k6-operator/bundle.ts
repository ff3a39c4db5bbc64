/** The files of a script as a ConfigMap can hold them: flat, side by side. */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { errorText } from '../../../reports/record/error-text.ts';

/** Kubernetes refuses ConfigMaps of more than 1 MiB; the rest is for names and the main module. */
const MOST_BYTES = 1_000_000;
const KEY = /^[-._a-zA-Z0-9]+$/;

/** A script that cannot be carried into pods; the message names what is in the way. */
export class BundleError extends Error {}

const isRelative = (specifier: string): boolean =>
  /^\.{0,2}\//.test(specifier) || specifier.startsWith('file:');

/** What a module imports by path. @throws BundleError for a module that is not one, or imports what is computed */
function importsOf(source: string, name: string): string[] {
  try {
    // It reads TypeScript too, as far as Node and k6 can erase it.
    const [imports] = parse(source, name);
    return imports.map(({ specifier }) => specifier ?? '').filter(isRelative);
  } catch (cause) {
    const detail = errorText(cause);
    throw new BundleError(`${name} cannot be read as a module: ${detail}`, { cause });
  }
}

/**
 * The script and all that it imports by path, by file name. The operator mounts one flat folder, so that only files beside the script
 * can go with it; `open()` finds nothing there.
 * @param script absolute path
 * @throws BundleError that names the import, the call or the size that stands in the way
 */
export async function bundle(script: string): Promise<{ entry: string; files: Record<string, string> }> {
  await init();
  const folder = dirname(script);
  const entry = relative(folder, script);
  const files: Record<string, string> = {};
  const waiting = [entry];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name in files) continue;
    if (!KEY.test(name) || name === MAIN)
      throw new BundleError(`"${name}" cannot be the name of a file in a ConfigMap`);
    const source = await readFile(join(folder, name), 'utf8');
    if (/(?<![.\w$])open\s*\(/.test(source))
      throw new BundleError(`${name} calls open(): pods have no files beside the scripts`);
    files[name] = source;
    for (const specifier of importsOf(source, name)) {
      if (!/^\.\/[^/]+$/.test(specifier))
        throw new BundleError(
          `${name} imports "${specifier}": only files beside the script can go into pods`,
        );
      waiting.push(specifier.slice(2));
    }
  }
  const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MOST_BYTES)
    throw new BundleError(`the scripts have ${bytes} bytes: a ConfigMap holds ${MOST_BYTES} at most`);
  return { entry, files };
}

/** The file that k6 is given in every pod. */
export const MAIN = 'plumbline-main.js';
