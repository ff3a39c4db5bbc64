import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleOfPools } from './sample.ts';

const pool = (name: string, size: number): { name: string; pool: string }[] =>
  Array.from({ length: size }, (_, index) => ({
    name: `${name}-${String(index).padStart(3, '0')}`,
    pool: name,
  }));

test('should take a node of each pool, however small it is, and each node once', () => {
  const nodes = [...pool('general', 500), ...pool('gpu', 3), ...pool('edge', 1)];
  for (const start of [0, 0.2, 0.5, 0.999]) {
    const sample = sampleOfPools(nodes, { most: 20, random: () => start });
    assert.equal(new Set(sample).size, 20);
    assert.deepEqual(new Set(sample.map((name) => name.split('-')[0])), new Set(['general', 'gpu', 'edge']));
    assert.deepEqual(sample, sample.toSorted());
  }
});

test('should take the nodes that come first, as many as fit beside one of each pool', () => {
  const nodes = [...pool('general', 500), ...pool('gpu', 3)];
  const first = ['general-470', 'general-471', 'gone', 'gpu-002', 'general-472', 'general-470'];
  for (const start of [0, 0.5, 0.999]) {
    const sample = sampleOfPools(nodes, { most: 20, first, random: () => start });
    assert.equal(new Set(sample).size, 20);
    for (const name of ['general-470', 'general-471', 'general-472', 'gpu-002'])
      assert.ok(sample.includes(name), name);
    assert.ok(!sample.includes('gone'));
    const fewer = sampleOfPools(nodes, { most: 3, first, random: () => start });
    assert.deepEqual(fewer, ['general-470', 'general-471', 'gpu-002']);
  }
});

test('should take all nodes where they are few, and one of each pool where there are more pools than nodes to take', () => {
  assert.equal(sampleOfPools(pool('general', 20), { most: 20 }).length, 20);
  const many = Array.from({ length: 5 }, (_, index) => pool(`pool${index}`, 4)).flat();
  const sample = sampleOfPools(many, { most: 2 });
  assert.deepEqual(new Set(sample.map((name) => name.split('-')[0])).size, 5);
  assert.equal(sample.length, 5);
});
