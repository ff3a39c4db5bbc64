/**
 * Parts of a JSON Schema that stand in several places: shapes, and keys that neighbours have in common.
 */
import type { z } from 'zod';

export type Schema = z.core.JSONSchema.BaseSchema;

/** Fewer places than this are written out. */
const PLACES = 3;

export interface Shape {
  name: string;
  /** The most frequent of its places, of three or more; else empty. */
  description: string;
  schema: Schema;
}

export interface Common {
  /** The objects that have these keys. */
  names: readonly string[];
  object: Schema;
}

interface Place {
  key: string;
  description: string;
}

/** Shapes by their identity, as they are met. A shape that stands only within another one has a single place. */
export function shapesOf(root: Schema): ReadonlyMap<string, Shape> {
  const met = new Map<string, { schema: Schema; places: Place[] }>();
  const visit = (parent: Schema, parentKey: string): void => {
    for (const [key, schema] of childrenOf(parent, parentKey)) {
      const place = { key, description: schema.description ?? '' };
      const known = met.get(identityOf(schema));
      if (known === undefined) met.set(identityOf(schema), { schema, places: [place] });
      else known.places.push(place);
      if (known === undefined) visit(schema, key);
    }
  };
  visit(root, '');
  const shapes = [...met].filter(
    ([, { schema, places }]) => places.length >= PLACES && isWorthASection(schema),
  );
  return new Map(shapes.map(([identity, { schema, places }]) => [identity, shapeOf(schema, places)]));
}

/** Equal for schemas that differ only in the default and the description of their places. */
export function identityOf({ description: _, default: __, ...schema }: Schema): string {
  return textOf(schema);
}

/** Takes keys that are the same in at least three of the objects that `parent` names, or in all of them, out of these objects. */
export function apart(
  parent: Schema,
  isShape: (schema: Schema) => boolean,
): { common: Common[]; rest: Schema } {
  const objects = Object.entries(parent.properties ?? {}).filter(
    (entry): entry is [string, Schema] =>
      isSchema(entry[1]) && entry[1].properties !== undefined && !isShape(entry[1]),
  );
  const keys = objects.flatMap(([name, object]) =>
    Object.keys(object.properties ?? {}).map((key) => ({ name, object, key })),
  );
  const shared = [...Map.groupBy(keys, keyIdentity).values()].filter(
    ({ length }) => length >= PLACES || (length > 1 && length === objects.length),
  );
  const taken = new Set(shared.flat().map(({ name, key }) => `${name}.${key}`));
  const reduced = objects.map(([name, object]): [string, Schema] => [
    name,
    withKeys(object, (key) => !taken.has(`${name}.${key}`)),
  ]);
  const groups = Map.groupBy(shared, (holders) => holders.map(({ name }) => name).join());
  return {
    common: [...groups.values()].map(commonOf),
    rest: { ...parent, properties: { ...parent.properties, ...Object.fromEntries(reduced) } },
  };
}

/** Alternatives of a union, through those that are unions in turn unless they are `kept` whole; of anything else itself. */
export function formsOf(schema: Schema, isKept: (form: Schema) => boolean = () => false): Schema[] {
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms === undefined) return [schema];
  return forms.filter(isSchema).flatMap((form) => (isKept(form) ? [form] : formsOf(form, isKept)));
}

export function isSchema(field: unknown): field is Schema {
  return typeof field === 'object' && field !== null && !Array.isArray(field);
}

interface Key {
  name: string;
  object: Schema;
  key: string;
}

/** Equal for keys that are the same with description, default, and whether they are required. */
function keyIdentity({ object: { properties = {}, required = [] }, key }: Key): string {
  return textOf([key, required.includes(key), properties[key]]);
}

/** A schema that contains itself is called otherwise in each of its places. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === '$ref' ? undefined : inner));
}

function commonOf(shared: readonly (readonly Key[])[]): Common {
  const [holders = []] = shared;
  const keys = shared.flatMap(([first]) => first?.key ?? []);
  const object = holders[0]?.object ?? {};
  return { names: holders.map(({ name }) => name), object: withKeys(object, (key) => keys.includes(key)) };
}

function withKeys(object: Schema, isWanted: (key: string) => boolean): Schema {
  const wanted = Object.entries(object.properties ?? {}).filter(([key]) => isWanted(key));
  return { ...object, properties: Object.fromEntries(wanted) };
}

/** Through lists, whose elements stand for them. */
function childrenOf(schema: Schema, key: string): [string, Schema][] {
  const { properties = {}, items, additionalProperties, anyOf = [], oneOf = [] } = schema;
  const unnamed = [items, additionalProperties, ...anyOf, ...oneOf].map((child) => [key, child] as const);
  return [...Object.entries(properties), ...unnamed].flatMap(([name, child]): [string, Schema][] => {
    if (!isSchema(child)) return [];
    return child.type === 'array' ? childrenOf(child, name) : [[name, child]];
  });
}

function shapeOf(schema: Schema, places: readonly Place[]): Shape {
  const [key = '', keys] = mostOf(places.map((place) => place.key));
  const [description = '', times] = mostOf(places.map((place) => place.description));
  return {
    name: keys * 2 > places.length ? key : keysOf(schema).join(', '),
    description: times >= PLACES ? description : '',
    schema,
  };
}

/** The most frequent one, and how often it is there. */
function mostOf(texts: readonly string[]): [string | undefined, number] {
  const groups = [...Map.groupBy(texts, (text) => text).values()];
  const [most = []] = groups.toSorted((a, b) => b.length - a.length);
  return [most[0], most.length];
}

function isWorthASection(schema: Schema): boolean {
  const keys = keysOf(schema);
  return keys.length > 1 || (keys.length === 1 && formsOf(schema).length > 1);
}

function keysOf(schema: Schema): string[] {
  return formsOf(schema).flatMap(({ properties = {}, additionalProperties: named }) => [
    ...Object.keys(properties),
    ...(isSchema(named) ? keysOf(named) : []),
  ]);
}
