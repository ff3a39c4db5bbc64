/** Collects the files of a script for a ConfigMap, which can hold only one flat folder. */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { errorText } from '../../../reports/record/error-text.ts';

/** Kubernetes' limit for a ConfigMap is 1 MiB; the difference is for names and the main module. */
const MOST_BYTES = 1_000_000;
const KEY = /^[-._a-zA-Z0-9]+$/;

/** A script that cannot be put into a ConfigMap; the message names the reason. */
export class BundleError extends Error {}

const isRelative = (specifier: string): boolean =>
  /^\.{0,2}\//.test(specifier) || specifier.startsWith('file:');

/** The relative imports of a module. @throws BundleError when it cannot be parsed */
function importsOf(source: string, name: string): string[] {
  try {
    // The lexer also reads TypeScript whose types can be erased, which is what k6 accepts.
    const [imports] = parse(source, name);
    return imports.map(({ specifier }) => specifier ?? '').filter(isRelative);
  } catch (cause) {
    const detail = errorText(cause);
    throw new BundleError(`${name} cannot be read as a module: ${detail}`, { cause });
  }
}

/**
 * The script and all files that it imports by path, by file name. The operator mounts one flat folder, so only files beside the script
 * can be included. `open()` is refused, since files other than modules are not included.
 * @param script absolute path
 * @throws BundleError naming the import, call or size that is not allowed
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
      throw new BundleError(`${name} calls open(): pods get only the scripts, no other files`);
    files[name] = source;
    for (const specifier of importsOf(source, name)) {
      if (!/^\.\/[^/]+$/.test(specifier))
        throw new BundleError(
          `${name} imports "${specifier}": pods get only files from the folder of the script`,
        );
      waiting.push(specifier.slice(2));
    }
  }
  const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MOST_BYTES)
    throw new BundleError(`the scripts have ${bytes} bytes: a ConfigMap holds ${MOST_BYTES} at most`);
  return { entry, files };
}

/** The file that k6 runs in every pod. */
export const MAIN = 'plumbline-main.js';
