import { z } from 'zod';
import type { DataPath } from './yaml-source.ts';

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  additionalProperties?: SchemaNode | boolean;
  anyOf?: SchemaNode[];
  /** Keys of a map whose keys are a fixed set. */
  propertyNames?: { enum?: string[] };
}

function step(node: SchemaNode, part: string | number): SchemaNode[] {
  if (typeof part === 'number') return node.items === undefined ? [] : [node.items];
  const property = node.properties?.[part];
  if (property !== undefined) return [property];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

function variants(node: SchemaNode): SchemaNode[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(variants);
}

/** Returns a function that lists the keys which a schema knows at a path, in any of the shapes allowed there. */
export function keysOf(schema: z.ZodType): (path: DataPath) => readonly string[] {
  const root = z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;
  return (path) => {
    let nodes = variants(root);
    for (const part of path) nodes = nodes.flatMap((node) => step(node, part)).flatMap(variants);
    return [
      ...new Set(
        nodes.flatMap((node) => [...Object.keys(node.properties ?? {}), ...(node.propertyNames?.enum ?? [])]),
      ),
    ];
  };
}
