import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderProblem } from './errors.ts';
import { parseYaml } from './yaml-source.ts';

const problemsIn = (text: string): string[] => parseYaml(text, 'own.yaml').problems.map(renderProblem);

const COMPACT = 'not valid YAML: Nested mappings are not allowed in compact mappings';

test('should say once that a line is indented wrongly, where, and what to look at', () => {
  const next =
    'look at the blanks before the next line, which may be one too many, and for a text with ": " in it, which needs quotes';
  // Each line that is a blank deeper than the one before is an error of its own to the parser, and a map on several lines another.
  assert.deepEqual(problemsIn('edge:\n  url: a\n   address: b\n    trust: c\n'), [
    `own.yaml:2:8: ${COMPACT}; ${next}`,
  ]);
  const columns =
    'look at the blanks before it: the keys of one map, and the items of one list, begin in the same column';
  assert.deepEqual(problemsIn('edge:\n  hops:\n    - a\n   trust: b\n'), [
    `own.yaml:4:1: not valid YAML: All mapping items must start at the same column; ${columns}`,
  ]);
});

test('should name every key that is there twice', () => {
  assert.deepEqual(problemsIn('a: 1\nb: 2\na: 3\nb: 4\n'), [
    ...['own.yaml:3:1', 'own.yaml:4:1'].map((at) => `${at}: this key appears twice; allowed: each key once`),
  ]);
});
