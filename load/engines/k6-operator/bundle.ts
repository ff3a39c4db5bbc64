/** Collects the files of a script for a ConfigMap, which can hold only one flat folder. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { errorText } from '../../../reports/record/error-text.ts';

/** Kubernetes' limit for a ConfigMap is 1 MiB; the difference is for names and the main module. */
const MOST_BYTES = 1_000_000;
const KEY = /^[-._a-zA-Z0-9]+$/;

/** A script that cannot be put into a ConfigMap; the message names the reason. */
export class BundleError extends Error {}

const isRelative = (specifier: string): boolean =>
  /^\.{0,2}\//.test(specifier) || specifier.startsWith('file:');

interface Import {
  specifier: string;
  /** Where the specifier stands in the source. */
  start: number;
  end: number;
}

/** The relative imports of a module. @throws BundleError when it cannot be parsed */
function importsOf(source: string, name: string): Import[] {
  try {
    // The lexer also reads TypeScript whose types can be erased, which is what k6 accepts.
    const [imports] = parse(source, name);
    return imports
      .map(({ specifier, start, end }) => ({ specifier: specifier ?? '', start, end }))
      .filter(({ specifier }) => isRelative(specifier));
  } catch (cause) {
    const detail = errorText(cause);
    throw new BundleError(`${name} cannot be read as a module: ${detail}`, { cause });
  }
}

/**
 * The script and all files that it imports by path, by file name. The operator mounts one flat folder: a file of another folder is put beside
 * the script, so that no two may have the same name. `open()` is refused, since files other than modules are not included.
 * @param script absolute path
 * @throws BundleError naming the import, call or size that is not allowed
 */
export async function bundle(script: string): Promise<{ entry: string; files: Record<string, string> }> {
  await init();
  const found = new Map<string, { path: string; source: string }>();
  const waiting = [script];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const name = basename(path);
    const known = found.get(name);
    if (known?.path === path) continue;
    if (known !== undefined)
      throw new BundleError(`${path} and ${known.path} have the same name: pods get one flat folder`);
    if (!KEY.test(name) || name === MAIN)
      throw new BundleError(`"${name}" cannot be the name of a file in a ConfigMap`);
    const source = await sourceOf(path);
    if (/(?<![.\w$])open\s*\(/.test(source))
      throw new BundleError(`${name} calls open(): pods get only the scripts, no other files`);
    const imports = importsOf(source, name);
    found.set(name, { path, source: besideScript(source, name, imports) });
    waiting.push(...imports.map(({ specifier }) => resolve(dirname(path), specifier)));
  }
  const files = Object.fromEntries([...found].map(([name, { source }]) => [name, source]));
  const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MOST_BYTES)
    throw new BundleError(`the scripts have ${bytes} bytes: a ConfigMap holds ${MOST_BYTES} at most`);
  return { entry: basename(script), files };
}

async function sourceOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new BundleError(`${path} cannot be read: ${errorText(cause)}`, { cause });
  }
}

/** The same with each import of a path as one of the script's folder. */
function besideScript(source: string, name: string, imports: readonly Import[]): string {
  let text = source;
  for (const { specifier, start, end } of imports.toReversed()) {
    if (!/^\.{1,2}\//.test(specifier))
      throw new BundleError(`${name} imports "${specifier}": pods get only files by a relative path`);
    text = `${text.slice(0, start)}./${basename(specifier)}${text.slice(end)}`;
  }
  return text;
}

/** The file that k6 runs in every pod. */
export const MAIN = 'plumbline-main.js';
