/** The shape of a kind's values, taken from its schema: it gives the path of each place and the values allowed there. */
import { z } from 'zod';
import { schemaOf } from '../record/observations/index.ts';

export type Shape =
  | { is: 'object'; fields: ReadonlyMap<string, Shape> }
  | { is: 'list'; of: Shape }
  | { is: 'tuple'; items: readonly Shape[] }
  | { is: 'record'; of: Shape }
  /** A value out of a known set. */
  | { is: 'choice'; values: readonly (string | number | boolean | null)[] }
  | { is: 'one of'; options: readonly { shape: Shape; fits: (value: unknown) => boolean }[] }
  | { is: 'plain' };

const PLAIN: Shape = { is: 'plain' };
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
  return PLAIN;
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function objectOf(schema: z.ZodObject): Shape {
  const fields = Object.entries<z.core.$ZodType>(schema.shape).map(([name, field]): [string, Shape] => [
    name,
    shapeOf(field),
  ]);
  return { is: 'object', fields: new Map(fields) };
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

/** Whether a path such as `kind.list[].field` leads to something in the schema of its kind; undefined: the kind has none. */
export function knows(path: string): boolean | undefined {
  const [kind = '', ...rest] = path.split(/(?=[.[])/);
  if (schemaOf(kind) === undefined) return undefined;
  return leads(shapeOfKind(kind), rest);
}

function leads(shape: Shape, [next, ...rest]: readonly string[]): boolean {
  if (next === undefined) return true;
  if (shape.is === 'one of') return shape.options.some((option) => leads(option.shape, [next, ...rest]));
  const into = under(shape, next);
  return into !== undefined && leads(into, rest);
}

function under(shape: Shape, part: string): Shape | undefined {
  if (shape.is === 'list') return part === '[]' ? shape.of : undefined;
  if (shape.is === 'record') return part === '.*' ? shape.of : undefined;
  if (shape.is === 'tuple') return shape.items[Number(part.slice(1, -1))];
  return shape.is === 'object' ? shape.fields.get(part.slice(1)) : undefined;
}
