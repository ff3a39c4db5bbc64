import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.dirname(import.meta.dirname);
const KINDS = '{ts,mjs,js,md,yaml,json}';
const EVERYTHING = `{cli,deploy,docs,env,faults,host,load,probes,reports,runner,scripts,suites,tests}/**/*.${KINDS}`;
/** What was measured and released keeps the words of its day; this file has to name the old ones. */
const OUTSIDE = [/^docs\/measured\//, /^scripts\/words\.test\.ts$/, /\/node_modules\//];

/** A word that the glossary has replaced. */
type Replaced = {
  readonly old: RegExp;
  /** The field's own word for it. */
  readonly now: string;
  /** Files that must know the old word: they answer old keys, or the platform says it so. */
  readonly allowedIn?: readonly RegExp[];
  /** Names that outlive a version, on disk or in clusters: cut out before the word is looked for. */
  readonly kept?: RegExp;
};

const REPLACED: readonly Replaced[] = [
  {
    old: /inverse/i,
    now: 'rollback',
    allowedIn: [/^reports\/judge\/statistics\.ts$/, /^env\/local\/platform\/prometheus\/rules\.ts$/],
  },
  {
    old: /ledger/i,
    now: 'rollback journal',
  },
  {
    old: /\bworkload-(start|end|failed)\b|\bworkload\.ndjson|\b(start|parse)Workload\b|\bworkloadStop\b|Workload(Client|Session|Process|Progress|Engine|Driver|Config|Wait)\b|probes\/workload\b/,
    now: 'client load',
  },
  {
    old: /\bmark(Header|Tag|Sent|Seen)\b|\bmarked (request|line|log)|\bsendMarked\b|(?<!\$)\{mark\}|\bMARK_HEADER\b|\bledger\.mark\b/i,
    now: 'correlation id, canary request, marker',
    allowedIn: [/^probes\/signals\/declaration\.ts$/],
  },
  { old: /blind|\bSight(ing)?\b/i, now: 'observation gap', kept: /plain sight|to the sight of/g },
  { old: /\bhurts?\b|\bknocks?\b/i, now: 'target, injected, hit' },
  { old: /\bsure[ -]?failure|sureFailure|SURE_FAILURE/i, now: 'definite failure' },
  {
    old: /\bgone on with\b|\banew\b|\btoldBy\b/i,
    now: 'resumed, again, reported',
  },
  { old: /\boffices?\b/i, now: 'role' },
  { old: /\blevers?\b/i, now: 'kill switch' },
  { old: /BudgetBook/, now: 'budget account' },
];

function isOutside(file: string): boolean {
  return OUTSIDE.some((one) => one.test(file));
}

/** Places where an old word stands, as `file:line: word: say …`. */
function oldWordsIn(file: string, text: string): string[] {
  return REPLACED.flatMap(({ old, now, allowedIn = [], kept }) => {
    if (allowedIn.some((one) => one.test(file))) return [];
    return text.split('\n').flatMap((line, index) => {
      const found = old.exec(kept === undefined ? line : line.replaceAll(kept, ''))?.[0];
      return found === undefined ? [] : [`${file}:${index + 1}: ${found}: say ${now}`];
    });
  });
}

test('should say nothing in a word that the glossary has replaced', () => {
  const files = [...globSync(EVERYTHING, { cwd: ROOT }), 'README.md'].filter((file) => !isOutside(file));
  assert.ok(files.length > 1500, `only ${files.length} files were found`);
  const found = files.flatMap((file) => [
    ...oldWordsIn(file, file.replaceAll('-', ' ')),
    ...oldWordsIn(file, readFileSync(path.join(ROOT, file), 'utf8')),
  ]);
  assert.deepEqual(found, []);
});

test('should find an old word in code, prose and names of files, and let names alone that only contain one', () => {
  assert.deepEqual(oldWordsIn('a.ts', 'const x = fitsKubeInverse;\n// nobody is hurt'), [
    'a.ts:1: Inverse: say rollback',
    'a.ts:2: hurt: say target, injected, hit',
  ]);
  assert.deepEqual(oldWordsIn('a.md', 'the undo ledger'), ['a.md:1: ledger: say rollback journal']);
  assert.deepEqual(oldWordsIn('topology.workloads.ts', 'declared workloads, and a DeclaredWorkload'), []);
});
