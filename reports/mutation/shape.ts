/** The shape of a kind's values, taken from its schema: it gives the path of each place, the values allowed there, and an example of one. */
import { z } from 'zod';
import { schemaOf } from '../record/observations/index.ts';

/** An observation, or a part of one, as plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Shape =
  | { is: 'object'; fields: ReadonlyMap<string, Shape>; optional: ReadonlySet<string> }
  | { is: 'list'; of: Shape }
  | { is: 'tuple'; items: readonly Shape[] }
  | { is: 'record'; of: Shape }
  /** A value out of a known set. */
  | { is: 'choice'; values: readonly (string | number | boolean | null)[] }
  | { is: 'one of'; options: readonly { shape: Shape; fits: (value: unknown) => boolean }[] }
  | { is: 'plain'; example: string | number | boolean };

const PLAIN: Shape = { is: 'plain', example: 'x' };
const OF_KIND = new Map<string, Shape>();

/** `plain` for a kind without a schema: its places are then found from its values alone. */
export function shapeOfKind(kind: string): Shape {
  let shape = OF_KIND.get(kind);
  if (shape === undefined) {
    const schema = schemaOf(kind);
    shape = schema === undefined ? PLAIN : shapeOf(schema);
    OF_KIND.set(kind, shape);
  }
  return shape;
}

function shapeOf(schema: z.core.$ZodType): Shape {
  const inner = unwrapped(schema);
  if (inner !== schema) return shapeOf(inner);
  if (schema instanceof z.ZodObject) return objectOf(schema);
  if (schema instanceof z.ZodArray) return { is: 'list', of: shapeOf(schema.element) };
  if (schema instanceof z.ZodTuple) return { is: 'tuple', items: schema.def.items.map(shapeOf) };
  if (schema instanceof z.ZodRecord) return { is: 'record', of: shapeOf(schema.valueType) };
  return choiceOf(schema);
}

function choiceOf(schema: z.core.$ZodType): Shape {
  if (schema instanceof z.ZodEnum) return { is: 'choice', values: schema.options };
  if (schema instanceof z.ZodLiteral) return { is: 'choice', values: [...schema.values].filter(isScalar) };
  if (schema instanceof z.ZodUnion) return unionOf(schema);
  if (schema instanceof z.ZodNumber) return { is: 'plain', example: 1 };
  return schema instanceof z.ZodBoolean ? { is: 'plain', example: true } : PLAIN;
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function objectOf(schema: z.ZodObject): Shape {
  const fields = Object.entries<z.core.$ZodType>(schema.shape).map(([name, field]): [string, Shape] => [
    name,
    shapeOf(field),
  ]);
  const isOptional = ([, field]: [string, z.core.$ZodType]): boolean => field instanceof z.ZodOptional;
  const optional = Object.entries<z.core.$ZodType>(schema.shape).filter(isOptional);
  return { is: 'object', fields: new Map(fields), optional: new Set(optional.map(([name]) => name)) };
}

function unionOf(schema: z.ZodUnion): Shape {
  const options = schema.options.map((option) => ({
    shape: shapeOf(option),
    fits: (value: unknown) => z.safeParse(option, value).success,
  }));
  return { is: 'one of', options };
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return schema.unwrap();
  return schema;
}

/** Which of several shapes a value has. */
export function chosen(shape: Shape, value: unknown): Shape {
  if (shape.is !== 'one of') return shape;
  const found = shape.options.find(({ fits }) => fits(value));
  return found === undefined ? PLAIN : chosen(found.shape, value);
}

/** The shape of what lies at `key` of a value, and what its path adds. */
export function step(shape: Shape, key: string | number): { shape: Shape; adds: string } {
  if (shape.is === 'tuple' && typeof key === 'number') {
    return { shape: shape.items[key] ?? PLAIN, adds: `[${key}]` };
  }
  if (typeof key === 'number') return { shape: shape.is === 'list' ? shape.of : PLAIN, adds: '[]' };
  if (shape.is === 'record') return { shape: shape.of, adds: '.*' };
  return { shape: (shape.is === 'object' ? shape.fields.get(key) : undefined) ?? PLAIN, adds: `.${key}` };
}

/** A value of this shape, as small as its schema allows. It may still not fit: a schema can ask for more than a shape says. */
export function exampleOf(shape: Shape): Json {
  switch (shape.is) {
    case 'object': {
      const needed = [...shape.fields].filter(([name]) => !shape.optional.has(name));
      return Object.fromEntries(needed.map(([name, field]) => [name, exampleOf(field)]));
    }
    case 'list':
      return [];
    case 'tuple':
      return shape.items.map(exampleOf);
    case 'record':
      return {};
    case 'choice':
      return shape.values.find((value) => value !== null) ?? null;
    case 'one of':
      return shape.options.map((option) => exampleOf(option.shape)).find((value) => value !== null) ?? null;
    case 'plain':
      return shape.example;
  }
}
