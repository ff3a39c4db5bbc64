import type { AnyNode, CallExpression, Expression, NewExpression, SpreadElement, Super } from 'acorn';
import { allOf, argument, callBuiltin, closedWithout, RESPONSE } from './builtins.ts';
import type { Arguments } from './builtins.ts';
import type { Flow } from './flow.ts';
import { excerpt } from './parse.ts';
import { BLOCKING, RESPONSE_REFUSED, SEQUENTIAL } from './supported.ts';
import { lookup, UNKNOWN } from './values.ts';
import type { Abstract, ScriptFunction, Values } from './values.ts';

export type Visit = (node: AnyNode) => Values;

const MAKES_ARRAY = new Set(['map', 'flatMap', 'filter']);
const ADDING = new Set(['push', 'unshift', 'splice', 'fill', 'concat', 'with', 'toSpliced']);

/** Follows calls: which functions a call may reach, with which arguments, and whether it blocks. */
export class Calls {
  readonly #flow: Flow;
  readonly #visit: Visit;

  constructor(flow: Flow, visit: Visit) {
    this.#flow = flow;
    this.#visit = visit;
  }

  call(node: CallExpression): Values {
    const args = this.#arguments(node.arguments);
    const { callee } = node;
    if (callee.type === 'Super') return this.#superCall(node, args);
    if (callee.type !== 'MemberExpression') return this.invoke(node, this.#visit(callee), args);
    const receiver = this.receiver(callee.object);
    const name = this.nameOf(callee);
    const reached = this.member(callee);
    const self = this.#isBuiltIn(receiver, name) ? new Set<Abstract>() : receiver;
    const result = new Set(this.invoke(node, reached, args, self));
    for (const value of receiver)
      for (const one of this.#ofValue(node, value, { name, args })) result.add(one);
    return result;
  }

  construct(node: NewExpression): Values {
    const args = this.#arguments(node.arguments);
    const result: Values = new Set();
    for (const one of this.#visit(node.callee)) {
      if (one.instance !== null) {
        this.#construct(node, one, { args, self: new Set([one.instance]) });
        result.add(one.instance);
      } else if (one.fn !== null) {
        const made = this.#flow.at(node, 'new');
        result.add(made);
        this.#enter(one.fn, args, new Set([made]));
        if (one.fn.blocking)
          this.#flow.problem(node, `new ${one.fn.name}(): a constructor must not make a blocking call`);
      } else for (const value of this.invoke(node, new Set([one]), args)) result.add(value);
    }
    return result;
  }

  tagged(node: AnyNode & { type: 'TaggedTemplateExpression' }): Values {
    const list = [new Set([UNKNOWN]), ...node.quasi.expressions.map((one) => this.#visit(one))];
    return this.invoke(node, this.#visit(node.tag), { list, rest: new Set() });
  }

  /** A call that may reach any of `callees`. */
  invoke = (node: AnyNode, callees: Values, args: Arguments, self: Values = new Set()): Values => {
    const result: Values = new Set();
    for (const callee of callees)
      for (const one of this.#invokeOne(node, callee, args, self)) result.add(one);
    return result;
  };

  /** What the expression before the dot may be. */
  receiver(node: Expression | Super): Values {
    const { home } = this.#flow.context;
    return node.type === 'Super' ? (home?.sources ?? new Set()) : this.#visit(node);
  }

  /** The name of a member; null: computed. */
  nameOf(node: AnyNode & { type: 'MemberExpression' }): string | null {
    const { property } = node;
    if (property.type === 'PrivateIdentifier') return `#${property.name}`;
    if (!node.computed) return property.type === 'Identifier' ? property.name : null;
    this.#visit(property);
    return property.type === 'Literal' && typeof property.value === 'string' ? property.value : null;
  }

  member(node: AnyNode & { type: 'MemberExpression' }): Values {
    const receiver = this.receiver(node.object);
    const name = this.nameOf(node);
    if (name !== null) for (const one of receiver) this.#refuseName(node, one, name);
    return lookup(receiver, name);
  }

  #refuseName(node: AnyNode, value: Abstract, name: string): void {
    const closed = closedWithout(value, name);
    if (closed !== null)
      this.#flow.problem(node, `${closed} has no ${name} that the embedded engine supports`);
    if (value === RESPONSE && RESPONSE_REFUSED.has(name))
      this.#flow.problem(node, `${name} of a Response is not supported by the embedded engine`);
  }

  #arguments(nodes: readonly (Expression | SpreadElement)[]): Arguments {
    const args: { list: Values[]; rest: Values } = { list: [], rest: new Set() };
    let spread = false;
    for (const node of nodes) {
      const values =
        node.type === 'SpreadElement' ? elementsOf(this.#visit(node.argument)) : this.#visit(node);
      spread ||= node.type === 'SpreadElement';
      if (spread) for (const one of values) args.rest.add(one);
      else args.list.push(values);
    }
    return args;
  }

  #invokeOne(node: AnyNode, callee: Abstract, args: Arguments, self: Values): Values {
    const flow = this.#flow;
    if (callee === UNKNOWN) return this.#unknownCall(node, args, self);
    if (callee.builtin !== null)
      return callBuiltin(callee.builtin, { flow, node, args, invoke: (...call) => this.invoke(...call) });
    const { fn } = callee;
    if (fn === null || callee.instance !== null) return new Set();
    this.#enter(fn, args, self);
    if (fn.code?.async === true) return this.#asyncCall(node, fn);
    if (fn.code?.generator === true) {
      flow.escape(fn.returns, node, 'yielded by a generator');
      return new Set([UNKNOWN]);
    }
    if (fn.blocking) flow.blocks(node, 'await', `${fn.name}()`);
    return fn.returns;
  }

  #unknownCall(node: AnyNode, args: Arguments, self: Values): Values {
    const text = this.#calleeText(node);
    this.#flow.escape(allOf(args), node, `passed to ${text}`);
    this.#flow.escape(self, node, `the object of ${text}, which the script does not define`);
    return new Set([UNKNOWN]);
  }

  /** In k6 an async function of the script runs at once up to its first await. Here a blocking call in it is an await as well. */
  #asyncCall(node: AnyNode, fn: ScriptFunction): Values {
    if (this.#isAwaited(node)) return fn.returns;
    if (fn.blocking && fn.code?.generator !== true)
      this.#flow.problem(
        node,
        `the async function ${fn.name}() makes blocking calls and is called without await: k6 would run those calls before it continues; write await`,
      );
    this.#flow.escape(fn.returns, node, 'in a promise that is not awaited at once');
    return new Set([UNKNOWN]);
  }

  #isAwaited(node: AnyNode): boolean {
    const parent = this.#flow.parentOf(node);
    if (parent?.type === 'ChainExpression') return this.#isAwaited(parent);
    if (parent?.type === 'AwaitExpression') return true;
    const { owner } = this.#flow.context;
    return owner?.code?.async === true && (parent?.type === 'ReturnStatement' || parent === owner.code);
  }

  #enter(fn: ScriptFunction, args: Arguments, self: Values): void {
    this.#flow.add(fn.thisValues, self);
    this.#flow.add(fn.extra, allOf(args));
    fn.parameters.forEach((values, index) => this.#flow.add(values, argument(args, index)));
  }

  #construct(node: AnyNode, made: Abstract, { args, self }: { args: Arguments; self: Values }): void {
    if (made.fn !== null) this.#enter(made.fn, args, self);
    else for (const one of made.sources) this.#constructBase(node, one, { args, self });
  }

  #constructBase(node: AnyNode, base: Abstract, call: { args: Arguments; self: Values }): void {
    if (base.instance !== null) this.#construct(node, base, call);
    else this.#flow.escape(allOf(call.args), node, 'passed to a constructor that the script does not define');
  }

  #superCall(node: AnyNode, args: Arguments): Values {
    const { home, thisValues } = this.#flow.context;
    const made = home === null ? undefined : this.#flow.classes.get(home);
    for (const base of made?.sources ?? []) this.#constructBase(node, base, { args, self: thisValues });
    return thisValues;
  }

  /** Calls of built-in methods of functions and arrays. */
  #ofValue(node: CallExpression, value: Abstract, call: { name: string | null; args: Arguments }): Values {
    const { name, args } = call;
    if (name === null || lookupOwn(value, name)) return new Set();
    if (value.fn !== null || isBlockingBuiltin(value)) return this.#ofFunction(node, value, { name, args });
    if (SEQUENTIAL.has(name) && (value.isArray || value === UNKNOWN || value.escaped))
      return this.#iteration(node, value, { name, args });
    return value.isArray ? this.#ofArray(node, value, { name, args }) : new Set();
  }

  #ofFunction(node: AnyNode, value: Abstract, { name, args }: { name: string; args: Arguments }): Values {
    const callee = new Set([value]);
    const self = argument(args, 0);
    if (name === 'call')
      return this.invoke(node, callee, { list: args.list.slice(1), rest: args.rest }, self);
    if (name === 'apply')
      return this.invoke(node, callee, { list: [], rest: elementsOf(argument(args, 1)) }, self);
    if (name !== 'bind') return new Set();
    if (args.list.length > 1 || args.rest.size > 0)
      this.#flow.escape(callee, node, 'bound to arguments with bind()');
    if (value.fn !== null) this.#flow.add(value.fn.thisValues, self);
    return callee;
  }

  #iteration(node: CallExpression, value: Abstract, call: { name: string; args: Arguments }): Values {
    const { name, args } = call;
    const elements = elementsOf(new Set([value]));
    const start = name === 'reduce' ? new Set([...argument(args, 1), ...elements]) : null;
    const unknown: Values = new Set([UNKNOWN]);
    const list = start === null ? [elements, unknown, new Set([value])] : [start, elements, unknown];
    const results: Values = new Set();
    for (const callback of argument(args, 0)) {
      const passed = { name, args: { list, rest: new Set<Abstract>() } };
      for (const one of this.#callback(node, callback, passed)) results.add(one);
      if (callback.fn !== null) this.#feedBack(callback.fn, start !== null, argument(args, 1));
    }
    if (start !== null) return new Set([...results, ...start]);
    if (name === 'find') return elements;
    return MAKES_ARRAY.has(name) ? this.#iterated(node, value, { name, elements, results }) : unknown;
  }

  /** The result of a `reduce` callback is its next argument. The second argument of the other methods is the callback's `this`. */
  #feedBack(fn: ScriptFunction, reducing: boolean, second: Values): void {
    const [accumulated] = fn.parameters;
    if (!reducing) this.#flow.add(fn.thisValues, second);
    else if (accumulated !== undefined) this.#flow.add(accumulated, fn.returns);
  }

  #iterated(
    node: AnyNode,
    value: Abstract,
    { name, elements, results }: { name: string; elements: Values; results: Values },
  ): Values {
    const made = this.#flow.at(node, 'iterated');
    made.isArray = true;
    this.#flow.add(made.any, name === 'filter' ? elements : results);
    if (name === 'flatMap') this.#flow.add(made.any, elementsOf(results));
    return new Set([made, ...(value.isArray ? [] : [UNKNOWN])]);
  }

  #callback(
    node: CallExpression,
    callback: Abstract,
    { name, args }: { name: string; args: Arguments },
  ): Values {
    const { fn } = callback;
    if (fn === null || fn.code?.async === true || fn.code?.generator === true) {
      this.#flow.escape([callback], node, `passed to ${this.#calleeText(node)}`);
      return new Set([UNKNOWN]);
    }
    this.#enter(fn, args, new Set());
    if (fn.blocking) {
      this.#flow.blocks(node, 'iterate', `the callback of ${name}()`);
      if (node.optional || this.#flow.parentOf(node)?.type === 'ChainExpression')
        this.#flow.problem(
          node,
          `${name}() with a callback that blocks cannot be called with ?.; test it with if`,
        );
    }
    return fn.returns;
  }

  #ofArray(node: AnyNode, value: Abstract, { name, args }: { name: string; args: Arguments }): Values {
    const elements = elementsOf(new Set([value]));
    if (ADDING.has(name)) {
      this.#flow.add(value.any, allOf(args));
      this.#flow.add(value.any, elementsOf(allOf(args)));
    } else {
      this.#flow.escape(allOf(args), node, `passed to ${this.#calleeText(node)}`);
      for (const { fn } of allOf(args))
        for (const parameter of fn?.parameters ?? []) this.#flow.add(parameter, elements);
    }
    return new Set([value, UNKNOWN, ...elements]);
  }

  #isBuiltIn(receiver: Values, name: string | null): boolean {
    return name !== null && [...receiver].every((one) => !lookupOwn(one, name));
  }

  #calleeText(node: AnyNode): string {
    if (node.type === 'CallExpression' || node.type === 'NewExpression')
      return `${excerpt(this.#flow.context.module, node.callee)}()`;
    return excerpt(this.#flow.context.module, node);
  }
}

/** Whether the value, or what it inherits from, has a member of the script with this name. */
function lookupOwn(value: Abstract, name: string): boolean {
  return [...lookup(new Set([value]), name)].some((one) => one !== UNKNOWN);
}

function isBlockingBuiltin({ builtin }: Abstract): boolean {
  return builtin !== null && BLOCKING.has(builtin);
}

/** What iterating over the values may yield. */
export function elementsOf(values: Values): Values {
  const found: Values = new Set();
  for (const value of values) {
    for (const one of value.any) found.add(one);
    if (!value.isArray) found.add(UNKNOWN);
  }
  return found;
}
