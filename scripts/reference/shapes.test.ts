import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apart, identityOf, shapesOf } from './shapes.ts';
import type { Schema } from './shapes.ts';

const text: Schema = { type: 'string' };
const account = (description: string): Schema => ({
  type: 'object',
  description,
  properties: { user: text, password: text },
});
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
const named = (root: Schema): string[] => [...shapesOf(root).values()].map(({ name }) => name);

test('an object of three places is a shape, also as the element of a list', () => {
  const root = object({
    a: account('first'),
    b: { type: 'array', items: account('second') },
    c: { additionalProperties: account('third') },
  });
  assert.deepEqual(named(root), ['user, password']);
  assert.deepEqual([...shapesOf(root).keys()], [identityOf(account(''))]);
  assert.deepEqual(named(object({ a: account(''), b: account('') })), []);
});

test('a shape has the name and the description of most of its places', () => {
  const places = [account('one'), account('one'), account('one'), account('other')];
  const root = object(
    Object.fromEntries(places.map((place, at) => [`at${at}`, object({ admin: place, [`own${at}`]: text })])),
  );
  assert.deepEqual(
    [...shapesOf(root).values()].map(({ name, description }) => [name, description]),
    [['admin', 'one']],
  );
});

test('what stands within another shape only has one place', () => {
  const outer = object({ client: account(''), other: text });
  assert.deepEqual(named(object({ x: outer, y: outer, z: outer })), ['client, other']);
});

test('keys of three neighbours are set apart, and others stay', () => {
  const size: Schema = { type: 'integer' };
  const parent = object({
    a: object({ size, own: text }),
    b: object({ size }),
    c: object({ size }),
    d: { ...object({ size }), required: ['size'] },
  });
  const { common, rest } = apart(parent, () => false);
  assert.deepEqual(common, [{ names: ['a', 'b', 'c'], object: object({ size }) }]);
  const left = Object.values(rest.properties ?? {}) as Schema[];
  assert.deepEqual(
    left.map(({ properties = {} }) => Object.keys(properties)),
    [['own'], [], [], ['size']],
  );
});
