/** Scripts for tests, in a folder that is removed afterwards. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { bundleScript } from '../script/bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-script-'));
after(() => rmSync(folder, { recursive: true }));
let made = 0;

/** One line, so that the code after it begins on line 2. */
export const HEAD = `import http from 'k6/http'; import { check, group, sleep } from 'k6';\n`;

/** Writes a script, and files beside it. @returns its path */
export function scriptOf(code: string, files: Record<string, string> = {}): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const path = join(folder, `script-${made++}.ts`);
  writeFileSync(path, code);
  return path;
}

/** The rewritten code of a script and of files beside it. */
export function rewritten(code: string, files: Record<string, string> = {}): string {
  return bundleScript(scriptOf(code, files))
    .modules.map((one) => one.code)
    .join('\n');
}

/** The error with which a script is refused. */
export function errorOf(code: string, files: Record<string, string> = {}): string {
  try {
    return `not refused: ${rewritten(code, files)}`;
  } catch (error) {
    return (error as Error).message;
  }
}
