import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { memberSets } from '../reports/record/facts/store-pods.ts';
import type { PodsDeclared } from '../reports/record/facts/store-pods.ts';
import { readLayers } from './layers.ts';
import { parseEnvironment } from './loader.ts';

const ROOT = join(import.meta.dirname, '..');
const GUIDE = readFileSync(join(ROOT, 'docs/guide/stores-by-product.md'), 'utf8');
const STAGING = join(import.meta.dirname, 'staging.yaml');
const BASE = readLayers(readFileSync(STAGING, 'utf8'), STAGING).source.value as {
  topology: Record<string, unknown>;
};

/** The blocks of the guide, by the heading above each. */
const products = [...GUIDE.matchAll(/^### (?<name>[^\n]+)\n[^#]*?```yaml\n(?<text>.*?)```$/gms)].map(
  ({ groups }) =>
    [groups?.['name'] ?? '', parse(groups?.['text'] ?? '') as Record<string, PodsDeclared>] as const,
);

/** Staging, but with these stores alone, whose StatefulSets are declared as the guide says of members. */
function environmentWith(stores: Record<string, PodsDeclared>): string {
  const workloads = Object.entries(stores).flatMap(([store, declared]) =>
    memberSets(declared).map(({ namespace, name, members }) => ({
      kind: 'StatefulSet',
      namespace,
      name,
      replicas: members,
      serves: true,
      store,
    })),
  );
  return stringify({ ...BASE, topology: { ...BASE.topology, workloads }, stores });
}

test('the guide has a block for each product that it names', () => {
  assert.ok(products.length > 8);
  assert.equal(products.length, GUIDE.match(/^```yaml$/gm)?.length);
});

for (const [name, stores] of products)
  test(`${name}: what the guide says can be loaded`, () => {
    parseEnvironment(environmentWith(stores), 'staging.yaml');
  });
