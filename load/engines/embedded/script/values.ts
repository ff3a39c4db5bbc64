import type { AnyNode } from 'acorn';
import type { ParsedModule } from './parse.ts';
import type { FunctionNode } from './scope.ts';

/** A place of the source. */
export interface Site {
  module: ParsedModule;
  node: AnyNode;
}

/** What a name or an expression may hold. Plain data is `UNKNOWN`, since it contains no function of the script. */
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
  /** Everything that calls pass: for `arguments`, and for a rest parameter. */
  extra: Values;
  parameters: Values[];
  /** The first blocking call in it. */
  blocking: Site | null;
  /** Where it was passed to code that cannot await it, and the words for a message. */
  escaped: { site: Site; how: string } | null;
}

/** A function, an object, an array, a class or an instance; one for each place of the source that creates it. */
export class Abstract {
  readonly props = new Map<string, Values>();
  /** Elements of an array, and values assigned to computed names. */
  readonly any: Values = new Set();
  /** Where names that it does not have itself are looked up: its prototype and spread objects. */
  readonly sources: Values = new Set();
  fn: ScriptFunction | null = null;
  /** For a class: the object that `new` creates. */
  instance: Abstract | null = null;
  /** For a part of the engine: its name, such as `k6/http.get`. */
  builtin: string | null = null;
  isArray = false;
  /** Code outside of the script may have it, and may have written anything to it. */
  escaped = false;

  prop(name: string): Values {
    let found = this.props.get(name);
    if (found === undefined) this.props.set(name, (found = new Set()));
    return found;
  }
}

/** Everything that the script did not create: data, and functions that never block. */
export const UNKNOWN = new Abstract();

export function builtin(name: string): Abstract {
  const made = new Abstract();
  made.builtin = name;
  return made;
}

/** Names that every object or function has in JavaScript. */
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

/** What reading `name` of one of `values` may yield. A `name` of null is a computed one: any property. */
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

/** Whether the lookup stops here: a built-in property always exists, while one of the script may be set on some paths only. */
function isFixed(value: Abstract, name: string | null): boolean {
  return value.builtin !== null && name !== null && value.props.has(name);
}

function* own(value: Abstract, name: string | null): Iterable<Abstract> {
  if (value === UNKNOWN || value.escaped) yield UNKNOWN;
  // The elements of an array are no answer to a named property, such as a method.
  if (!value.isArray || name === null || /^\d+$/.test(name)) yield* value.any;
  if (name !== null) yield* value.props.get(name) ?? [];
  else for (const one of value.props.values()) yield* one;
}
