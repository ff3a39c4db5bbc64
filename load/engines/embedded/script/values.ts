import type { AnyNode } from 'acorn';
import type { ParsedModule } from './parse.ts';
import type { FunctionNode } from './scope.ts';

/** A place of the source. */
export interface Site {
  module: ParsedModule;
  node: AnyNode;
}

/** What a name or an expression may hold. Plain data is `UNKNOWN` too: nothing in it is a function of the script that blocks. */
export type Values = Set<Abstract>;

export type FunctionKind = 'function' | 'getter' | 'setter' | 'constructor' | 'field' | 'static block';

/** A function of the script. */
export interface ScriptFunction extends Site {
  /** Null for a field's initialiser or a static block, which have no parameters. */
  code: FunctionNode | null;
  kind: FunctionKind;
  name: string;
  thisValues: Values;
  returns: Values;
  /** What a call with more arguments than parameters, or one that reads `arguments`, passes. */
  extra: Values;
  parameters: Values[];
  /** The first blocking call in it. */
  blocking: Site | null;
  /** Where it went that cannot wait for it, and how to say so. */
  escaped: { site: Site; how: string } | null;
}

/** A function, an object, an array, a class or an instance: one for each place of the source that makes it. */
export class Abstract {
  readonly props = new Map<string, Values>();
  /** Elements of an array, and what is written under a computed name. */
  readonly any: Values = new Set();
  /** Where names are looked up that it has not itself: prototype, spread objects. */
  readonly sources: Values = new Set();
  fn: ScriptFunction | null = null;
  /** Of a class: what `new` makes. */
  instance: Abstract | null = null;
  /** Something of the engine: `k6/http.get`. */
  builtin: string | null = null;
  isArray = false;
  /** Code that is not the script's may have it: anything may have been written to it. */
  escaped = false;

  prop(name: string): Values {
    let found = this.props.get(name);
    if (found === undefined) this.props.set(name, (found = new Set()));
    return found;
  }
}

/** Everything that is not made by the script: data, and functions that never block. */
export const UNKNOWN = new Abstract();

export function builtin(name: string): Abstract {
  const made = new Abstract();
  made.builtin = name;
  return made;
}

/** Names that every object or function has by the language. */
const INHERITED = new Set([
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
  'length',
  'name',
  'prototype',
]);

/** What reading `name` of one of `values` may give; `null`: a computed name, so anything of them. */
export function lookup(values: Values, name: string | null, seen = new Set<Abstract>()): Values {
  const found: Values = new Set();
  for (const value of values) {
    if (seen.has(value)) continue;
    seen.add(value);
    for (const one of own(value, name)) found.add(one);
    if (!isFixed(value, name)) for (const one of lookup(value.sources, name, seen)) found.add(one);
    if (found.size === 0 && name !== null && INHERITED.has(name)) found.add(UNKNOWN);
  }
  return found;
}

/** What the language gives under a name is not looked for elsewhere; a property of the script may be set on some paths only. */
function isFixed(value: Abstract, name: string | null): boolean {
  return value.builtin !== null && name !== null && value.props.has(name);
}

function* own(value: Abstract, name: string | null): Iterable<Abstract> {
  if (value === UNKNOWN || value.escaped) yield UNKNOWN;
  // What an array's elements are says nothing of its methods.
  if (!value.isArray || name === null || /^\d+$/.test(name)) yield* value.any;
  if (name !== null) yield* value.props.get(name) ?? [];
  else for (const one of value.props.values()) yield* one;
}
