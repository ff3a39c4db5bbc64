/**
 * ESLint over every file of which something changed that its findings can depend on (`keys.ts`) since it passed; a clean clone, as in CI, has
 * no such file, and all are looked at. `--all` looks at all the same.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { keysOf } from './keys.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const PASSED = path.join(ROOT, 'node_modules', '.cache', 'lint-passed.json');
/** As `ignores` of eslint.config.js; what else is ignored ESLint leaves out itself. */
const LEFT_OUT = ['node_modules/**', 'runs/**', 'test-results/**'];
/** What ESLint looks at when it is given a folder, here with TypeScript. */
const LOOKED_AT = '**/*.{ts,js,mjs,cjs}';
/** What is imported besides. */
const IMPORTED = '**/*.json';
/** Rules, settings and versions: a change in one of them is one in every file. */
const COMMON = [
  'eslint.config.js',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  'node_modules/.package-lock.json',
  ...globSync('scripts/lint/**', { cwd: ROOT }).filter((file) => path.extname(file) !== ''),
];

function textOf(file: string): string {
  const whole = path.join(ROOT, file);
  return existsSync(whole) ? readFileSync(whole, 'utf8') : '';
}

function filesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT, exclude: LEFT_OUT }).sort();
}

/** Keys with which a file passed; what cannot be read is as good as nothing. */
function passedBefore(): ReadonlySet<string> {
  if (process.argv.includes('--all') || !existsSync(PASSED)) return new Set();
  try {
    return new Set(z.array(z.string()).parse(JSON.parse(readFileSync(PASSED, 'utf8'))));
  } catch {
    return new Set();
  }
}

const looked = filesOf(LOOKED_AT);
const texts = new Map([...looked, ...filesOf(IMPORTED)].map((file) => [file, textOf(file)]));
const keys = keysOf(texts, [process.version, ...COMMON.flatMap((file) => [file, textOf(file)])]);
const passed = passedBefore();
const stale = looked.filter((file) => !passed.has(keys.get(file) ?? ''));
process.stdout.write(
  `${stale.length} of ${looked.length} files need linting; the others passed unchanged before\n`,
);
if (stale.length > 0) {
  const eslint = path.join(ROOT, 'node_modules', 'eslint', 'bin', 'eslint.js');
  const how = ['--max-warnings', '0', '--no-warn-ignored'];
  const { status } = spawnSync(process.execPath, [eslint, ...how, '--', ...stale], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
if (process.exitCode === undefined || process.exitCode === 0) {
  mkdirSync(path.dirname(PASSED), { recursive: true });
  writeFileSync(PASSED, JSON.stringify(looked.map((file) => keys.get(file))));
}
