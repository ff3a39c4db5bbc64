import type { AnyNode } from 'acorn';
import type { Flow } from './flow.ts';
import { BLOCKING, EXECUTION, MODULES } from './supported.ts';
import { builtin, lookup, UNKNOWN } from './values.ts';
import type { Abstract, Values } from './values.ts';

/** The arguments of a call: `list` by position, `rest` what a spread may put at any later position. */
export interface Arguments {
  list: Values[];
  rest: Values;
}

export function argument(args: Arguments, index: number): Values {
  return args.list[index] ?? args.rest;
}

export function allOf(args: Arguments): Values {
  return new Set([...args.list.flatMap((one) => [...one]), ...args.rest]);
}

/** Follows a call of a script's function by one of the engine's. Only whether it blocks matters, not how often it is called. */
export type Invoke = (node: AnyNode, callee: Values, args: Arguments) => Values;

export interface BuiltinCall {
  flow: Flow;
  node: AnyNode;
  args: Arguments;
  invoke: Invoke;
}

/** What `http.get` and the other request functions return. */
export const RESPONSE = builtin('Response');

/** Globals that neither keep nor call their arguments. */
const INERT = [
  ...['log', 'info', 'warn', 'error', 'debug'].map((name) => `console.${name}`),
  'JSON.stringify',
  'Object.keys',
  'Array.isArray',
  'String',
  'Number',
  'Boolean',
];

export const GLOBALS: ReadonlyMap<string, Abstract> = globals();
const K6 = new Map(Object.entries(MODULES).map(([name, names]) => [name, moduleOf(name, names)]));

/** A module of k6 as an object with a fixed list of names; null: k6 has no such module, or it is not supported. */
export function k6Module(specifier: string): Abstract | null {
  return K6.get(specifier) ?? null;
}

/** The display name of an object with a fixed list of names that lacks `name`; null: it has `name`, or its names are not fixed. */
export function closedWithout(value: Abstract, name: string): string | null {
  if (value.builtin === null || !CLOSED.test(value.builtin)) return null;
  return value.props.has(name) ? null : value.builtin.replace(/^module /, '');
}
const CLOSED = /^(module |k6\/execution\.)/;

function moduleOf(specifier: string, names: readonly string[]): Abstract {
  const made = builtin(`module ${specifier}`);
  for (const name of names) {
    const one = builtin(`${specifier}.${name}`);
    if (specifier === 'k6/execution')
      for (const member of EXECUTION[name] ?? []) one.prop(member).add(UNKNOWN);
    made.prop(name).add(one);
  }
  return made;
}

function globals(): Map<string, Abstract> {
  const found = new Map<string, Abstract>();
  for (const path of [...INERT, 'Object.assign', 'Object.freeze', 'Object.values', 'Object.entries']) {
    const [head = '', name] = path.split('.');
    const object = found.get(head) ?? builtin(head);
    found.set(head, object);
    if (name !== undefined) object.prop(name).add(builtin(path));
    // All other methods are unknown, and their arguments are not followed.
    object.sources.add(UNKNOWN);
  }
  return found;
}

const HANDLERS: Readonly<Record<string, (call: BuiltinCall) => Values>> = {
  'k6.group': group,
  'k6.check': check,
  'k6/data.SharedArray': sharedArray,
  'Object.assign': ({ flow, node, args }) => {
    const target = argument(args, 0);
    const from = new Set([...args.list.slice(1).flatMap((one) => [...one]), ...args.rest]);
    for (const one of target) if (one !== UNKNOWN) flow.add(one.sources, without(from, one));
    if (target.has(UNKNOWN)) flow.escape(from, node, 'copied into an object that the script does not define');
    return target;
  },
  'Object.freeze': ({ args }) => argument(args, 0),
  'Object.values': valuesOf,
  'Object.entries': entriesOf,
};

/** What a call of a function of the engine or of JavaScript may return. */
export function callBuiltin(name: string, call: BuiltinCall): Values {
  const { flow, node, args } = call;
  if (BLOCKING.has(name)) {
    flow.blocks(node, 'await', name);
    flow.escape(allOf(args), node, `passed to ${name}`);
    if (name !== 'k6/http.batch') return new Set([RESPONSE, UNKNOWN]);
    const responses = flow.at(node, 'responses');
    responses.isArray = true;
    flow.add(responses.any, [RESPONSE]);
    return new Set([responses]);
  }
  const handler = HANDLERS[name];
  if (handler !== undefined) return handler(call);
  if (!INERT.includes(name)) flow.escape(allOf(args), node, `passed to ${name}`);
  return name === 'k6/http.asyncRequest' ? new Set([RESPONSE, UNKNOWN]) : new Set([UNKNOWN]);
}

function group({ flow, node, args, invoke }: BuiltinCall): Values {
  const body = argument(args, 1);
  refuseAsync(flow, node, body, 'group');
  return invoke(node, body, { list: [], rest: new Set() });
}

function check({ flow, node, args, invoke }: BuiltinCall): Values {
  const sets = lookup(argument(args, 1), null);
  refuseAsync(flow, node, sets, 'check');
  invoke(node, sets, { list: [argument(args, 0)], rest: new Set() });
  return new Set([UNKNOWN]);
}

/** k6 would take the promise itself for the result. */
function refuseAsync(flow: Flow, node: AnyNode, values: Values, name: string): void {
  for (const { fn } of values)
    if (fn?.code?.async === true)
      flow.problem(
        node,
        `${name}() with an async function is supported neither by the embedded engine nor by k6`,
      );
}

function sharedArray({ flow, node, args }: BuiltinCall): Values {
  for (const { fn } of argument(args, 1))
    if (fn?.blocking)
      flow.problem(
        node,
        `the function of SharedArray runs while the script is loaded and must not make a blocking call`,
      );
  flow.escape(argument(args, 1), node, 'the function of a SharedArray');
  return new Set([UNKNOWN]);
}

function valuesOf({ flow, node, args }: BuiltinCall): Values {
  const made = flow.at(node, 'values');
  made.isArray = true;
  flow.add(made.any, lookup(argument(args, 0), null));
  return new Set([made]);
}

function entriesOf({ flow, node, args }: BuiltinCall): Values {
  const pair = flow.at(node, 'entry');
  pair.isArray = true;
  flow.add(pair.any, lookup(argument(args, 0), null));
  flow.add(pair.any, [UNKNOWN]);
  const made = flow.at(node, 'entries');
  made.isArray = true;
  flow.add(made.any, [pair]);
  return new Set([made]);
}

function without(values: Values, self: Abstract): Abstract[] {
  return [...values].filter((one) => one !== self);
}
