import assert from 'node:assert/strict';
import { it } from 'node:test';
import { z } from 'zod';
import { sourcesNamed } from './named-sources.ts';
import { environmentFile } from './schema.ts';

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

const KINDS = {
  env: 'A_VARIABLE',
  file: 'a/file',
  secret: { namespace: 'a', name: 'b', key: 'c' },
  configMap: { namespace: 'a', name: 'b', key: 'c' },
};

interface Place {
  keys: readonly string[];
  kind: keyof typeof KINDS;
}

/** Where the schema takes a source, with a kind of source that it takes there. */
function placesIn(schema: Schema, keys: readonly string[] = []): Place[] {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [], allOf = [] } = schema;
  const own = Object.keys(properties);
  const [only] = own;
  if (own.length === 1 && isKind(only)) return [{ keys, kind: only }];
  return [
    ...[...anyOf, ...oneOf, ...allOf].flatMap((one) => placesIn(one, keys)),
    ...Object.entries(properties).flatMap(([key, inner]) => placesIn(inner, [...keys, key])),
    ...(typeof additionalProperties === 'object' ? placesIn(additionalProperties, [...keys, 'x']) : []),
    ...(items === undefined ? [] : placesIn(items, [...keys, '0'])),
  ];
}

function isKind(key: string | undefined): key is keyof typeof KINDS {
  return key !== undefined && Object.hasOwn(KINDS, key);
}

it('should know every place at which an environment file may name a source', () => {
  const places = placesIn(z.toJSONSchema(environmentFile, { io: 'input' }) as Schema);
  const found = places.map(({ keys }) => keys.join('.'));
  for (const one of ['cluster.kubeconfig', 'stores.postgres.tls.ca', 'topology.edge.trust'])
    assert.ok(found.includes(one), `the schema no longer takes ${one}`);
  for (const { keys, kind } of places) {
    const source = { [kind]: KINDS[kind] };
    const environment = keys.reduceRight<object>((inner, key) => ({ [key]: inner }), source);
    assert.deepEqual(
      sourcesNamed(environment as Parameters<typeof sourcesNamed>[0]),
      [{ path: keys.join('.'), source }],
      `${keys.join('.')}, ${kind}`,
    );
  }
});
