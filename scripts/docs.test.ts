/** What pages for people say that code decides. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { zeroLossBound } from '../reports/judge/statistics.ts';

const ROOT = path.dirname(import.meta.dirname);
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const PAGES = globSync(['README.md', 'deploy/README.md', 'docs/{explain,extend,guide,start}/*.md'], {
  cwd: ROOT,
});
/** The system's own node, which may be as old as 20 and then runs no TypeScript; `npx node` is the one of this checkout. */
const OWN_NODE = /(?<!npx )\bnode (?:--test\b|[\w./-]+\.ts\b)/;

test('should have nobody type a command that only the Node.js of the checkout runs, without npx', () => {
  assert.ok(PAGES.length > 20, PAGES.join());
  const found = PAGES.filter((file) => OWN_NODE.test(read(file)));
  assert.deepEqual(found, []);
  assert.match('    node scripts/repeat.ts', OWN_NODE);
  assert.doesNotMatch('    npx node scripts/repeat.ts', OWN_NODE);
});

test('should bound in prose how many trials may lose writes as a report does', () => {
  const shown = (trials: number): string => `${(Math.ceil(zeroLossBound(trials) * 1000) / 10).toFixed(1)} %`;
  const [, counts = [], bounds = []] =
    /^\| trials without a loss +\|(.*)\|\n.*\n\| may lose writes, at most \|(.*)\|$/m
      .exec(read('docs/explain/statistics.md'))
      ?.map((cells) => cells.split('|').map((cell) => cell.trim())) ?? [];
  assert.ok(counts.length > 4);
  assert.deepEqual(
    bounds,
    counts.map((count) => shown(Number(count))),
  );
  const rows = [...read('docs/guide/reading-a-report.md').matchAll(/^\| (\d+) \| ([\d.]+ %) \|$/gm)];
  assert.ok(rows.length >= 4);
  for (const [, count, bound] of rows) assert.equal(bound, shown(Number(count)), `${count} trials`);
});
