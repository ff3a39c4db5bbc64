import type { AnyNode, ArrayExpression, ObjectExpression, Property } from 'acorn';
import { GLOBALS } from './builtins.ts';
import { Calls, elementsOf } from './calls.ts';
import { ClassFollower } from './classes.ts';
import type { Context, Flow } from './flow.ts';
import { ModuleFollower } from './modules.ts';
import { childrenOf, excerpt } from './parse.ts';
import { isFunction } from './scope.ts';
import { lookup, UNKNOWN } from './values.ts';
import type { Abstract, FunctionKind, Values } from './values.ts';
import type { Walker } from './walker.ts';

type Handler = (node: never) => Values;

const NONE: Values = new Set();
const DATA: Values = new Set([UNKNOWN]);

/** Walks the code of the modules and records in the flow what each expression may yield. */
export class Follower implements Walker {
  readonly #flow: Flow;
  readonly #calls: Calls;
  readonly #handlers: Readonly<Record<string, Handler>>;

  constructor(flow: Flow) {
    this.#flow = flow;
    const visit = (node: AnyNode): Values => this.visit(node);
    const calls = (this.#calls = new Calls(flow, visit));
    const classes = new ClassFollower(flow, this);
    const modules = new ModuleFollower(flow, this);
    const follow = (node: AnyNode): Values => this.#all(node);
    const data = (node: AnyNode): Values => (this.#all(node), DATA);
    this.#handlers = {
      Identifier: this.#identifier,
      ThisExpression: () => flow.context.thisValues,
      Literal: () => DATA,
      TemplateLiteral: data,
      UnaryExpression: data,
      BinaryExpression: data,
      UpdateExpression: data,
      MetaProperty: () => DATA,
      ArrayExpression: this.#array,
      ObjectExpression: this.#object,
      FunctionExpression: (node: AnyNode) => this.#expression(node),
      ArrowFunctionExpression: (node: AnyNode) => this.#expression(node),
      FunctionDeclaration: this.#declaration,
      ClassExpression: (node: never) => classes.visit(node),
      ClassDeclaration: (node: never) => classes.visit(node),
      SequenceExpression: (node: AnyNode & { type: 'SequenceExpression' }) =>
        node.expressions.map(visit).at(-1) ?? NONE,
      ConditionalExpression: (node: AnyNode & { type: 'ConditionalExpression' }) => {
        visit(node.test);
        return union(visit(node.consequent), visit(node.alternate));
      },
      LogicalExpression: (node: AnyNode & { type: 'LogicalExpression' }) =>
        union(visit(node.left), visit(node.right)),
      AssignmentExpression: this.#assignment,
      MemberExpression: (node: never) => calls.member(node),
      ChainExpression: (node: AnyNode & { type: 'ChainExpression' }) => visit(node.expression),
      CallExpression: (node: never) => calls.call(node),
      NewExpression: (node: never) => calls.construct(node),
      TaggedTemplateExpression: (node: never) => calls.tagged(node),
      AwaitExpression: (node: AnyNode & { type: 'AwaitExpression' }) => visit(node.argument),
      YieldExpression: this.#yield,
      VariableDeclarator: this.#declarator,
      ReturnStatement: this.#return,
      ThrowStatement: this.#throw,
      ForOfStatement: this.#forOf,
      ForInStatement: this.#forIn,
      CatchClause: this.#catch,
      ImportDeclaration: (node: never) => modules.import(node),
      ExportNamedDeclaration: (node: never) => modules.exportNamed(node),
      ExportDefaultDeclaration: (node: never) => modules.exportDefault(node),
      ExportAllDeclaration: (node: never) => modules.exportAll(node),
      Program: follow,
    };
  }

  /** What an expression may yield; a statement yields nothing. */
  visit(node: AnyNode): Values {
    const handler = this.#handlers[node.type];
    return handler === undefined ? this.#all(node) : handler(node as never);
  }

  #all(node: AnyNode): Values {
    for (const child of childrenOf(node)) this.visit(child);
    return NONE;
  }

  #identifier = (node: AnyNode & { type: 'Identifier' }): Values => {
    const binding = this.#flow.bindingOf(node);
    if (binding !== null) return this.#flow.variable(binding);
    if (node.name === 'undefined') return NONE;
    if (node.name !== 'arguments') return new Set([GLOBALS.get(node.name) ?? UNKNOWN]);
    const list = this.#flow.at(node);
    list.isArray = true;
    this.#flow.add(list.any, this.#flow.context.extra);
    return new Set([list]);
  };

  #array = (node: ArrayExpression): Values => {
    const made = this.#flow.at(node);
    made.isArray = true;
    for (const one of node.elements) {
      if (one === null) continue;
      const spread = one.type === 'SpreadElement';
      const values = spread ? elementsOf(this.visit(one.argument)) : this.visit(one);
      this.#flow.add(made.any, values);
    }
    return new Set([made]);
  };

  #object = (node: ObjectExpression): Values => {
    const made = this.#flow.at(node);
    for (const one of node.properties) {
      if (one.type === 'SpreadElement')
        this.#flow.add(
          made.sources,
          [...this.visit(one.argument)].filter((value) => value !== made),
        );
      else this.#property(made, one);
    }
    return new Set([made]);
  };

  #property(made: Abstract, node: Property): void {
    if (node.kind !== 'init') {
      this.accessor(made, { node, value: node.value, home: made, self: made });
      return;
    }
    const method = node.method ? { home: made, self: made } : { home: null, self: made };
    this.#flow.add(this.slot(made, node), this.method(node.value, this.keyOf(node), method));
  }

  /** The values of a member of an object or a class. */
  slot(made: Abstract, node: { key: AnyNode; computed: boolean }): Values {
    const name = this.keyOf(node);
    return name === null ? made.any : made.prop(name);
  }

  /** The name of a member; null: computed. */
  keyOf({ key, computed }: { key: AnyNode; computed: boolean }): string | null {
    if (computed) this.visit(key);
    if (key.type === 'PrivateIdentifier') return `#${key.name}`;
    if (key.type === 'Literal') return String(key.value);
    return !computed && key.type === 'Identifier' ? key.name : null;
  }

  /** Follows the value of a member. If it is a function, its `this` may be the object. */
  method(
    value: AnyNode,
    name: string | null,
    { home, self }: { home: Abstract | null; self: Abstract },
  ): Values {
    if (!isFunction(value)) return this.visit(value);
    const { value: made, fn } = this.#flow.functionAt(
      value,
      'function',
      nameOf(value) ?? name ?? 'a computed name',
    );
    if (value.type !== 'ArrowFunctionExpression') this.#flow.add(fn.thisValues, [self]);
    this.body(value, home === null ? {} : { home });
    return new Set([made]);
  }

  /** A getter or a setter. */
  accessor(
    made: Abstract,
    {
      node,
      value,
      home,
      self,
    }: { node: AnyNode & { kind: string }; value: AnyNode; home: Abstract; self: Abstract },
  ): void {
    const named = node as unknown as { key: AnyNode; computed: boolean };
    const kind: FunctionKind = node.kind === 'get' ? 'getter' : 'setter';
    const { fn } = this.#flow.functionAt(value, kind, this.keyOf(named) ?? 'a computed name');
    const slot = this.slot(made, named);
    this.#flow.add(fn.thisValues, [self]);
    const [written] = fn.parameters;
    if (written !== undefined) this.#flow.add(written, slot);
    this.body(value, { home });
    this.#flow.add(slot, fn.returns);
  }

  #expression(node: AnyNode): Values {
    const name = nameOf(node) ?? this.#nameByPlace(node);
    const { value } = this.#flow.functionAt(node, 'function', name);
    if (node.type === 'FunctionExpression' && node.id) {
      const binding = this.#flow.bindingOf(node.id);
      if (binding !== null) this.#flow.add(this.#flow.variable(binding), [value]);
    }
    this.body(node, {});
    return new Set([value]);
  }

  #nameByPlace(node: AnyNode): string {
    const parent = this.#flow.parentOf(node);
    if (parent?.type === 'VariableDeclarator' && parent.id.type === 'Identifier') return parent.id.name;
    return 'an anonymous function';
  }

  #declaration = (node: AnyNode & { type: 'FunctionDeclaration' }): Values => {
    const { value } = this.#flow.functionAt(node, 'function', nameOf(node) ?? 'default');
    const { id } = node as { id: (AnyNode & { type: 'Identifier' }) | null };
    const binding = id === null ? null : this.#flow.bindingOf(id);
    if (binding !== null) this.#flow.add(this.#flow.variable(binding), [value]);
    this.body(node, {});
    return new Set([value]);
  };

  /** Follows the code of a function once. The values of its parameters come from its calls. */
  body(node: AnyNode, context: Partial<Context>): void {
    const fn = this.#flow.at(node).fn;
    if (fn === null || !isFunction(node)) return;
    const own = node.type === 'ArrowFunctionExpression' ? {} : { thisValues: fn.thisValues, extra: fn.extra };
    this.#flow.within({ ...own, ...context, owner: fn, inParameters: true }, () => {
      node.params.forEach((one, index) => {
        const rest = one.type === 'RestElement';
        this.bind(
          rest ? one.argument : one,
          rest ? this.#restOf(one, fn.extra) : (fn.parameters[index] ?? NONE),
        );
      });
    });
    this.#flow.within({ ...own, ...context, owner: fn, inParameters: false }, () => {
      if (node.body.type === 'BlockStatement') this.visit(node.body);
      else this.#flow.add(fn.returns, this.visit(node.body));
    });
  }

  #restOf(node: AnyNode, values: Values): Values {
    const made = this.#flow.at(node);
    made.isArray = true;
    this.#flow.add(made.any, values);
    return new Set([made]);
  }

  #assignment = (node: AnyNode & { type: 'AssignmentExpression' }): Values => {
    const values = this.visit(node.right);
    const logical = node.operator === '||=' || node.operator === '&&=' || node.operator === '??=';
    if (node.operator === '=' || logical) this.bind(node.left, values);
    else this.visit(node.left);
    if (logical) return union(values, this.visit(node.left));
    return node.operator === '=' ? values : DATA;
  };

  /** Assigns values to a pattern: a name, a member, or a destructuring. */
  bind(pattern: AnyNode, values: Values): void {
    if (pattern.type === 'Identifier') this.#bindName(pattern, values);
    else if (pattern.type === 'MemberExpression') this.#write(pattern, values);
    else if (pattern.type === 'AssignmentPattern')
      this.bind(pattern.left, union(values, this.visit(pattern.right)));
    else if (pattern.type === 'ArrayPattern')
      for (const one of pattern.elements) this.#bindElement(one, values);
    else if (pattern.type === 'ObjectPattern')
      for (const one of pattern.properties)
        if (one.type === 'RestElement') this.bind(one.argument, values);
        else this.bind(one.value, this.#taken(one, values));
    else this.visit(pattern);
  }

  #bindElement(node: AnyNode | null, values: Values): void {
    if (node === null) return;
    const rest = node.type === 'RestElement';
    this.bind(
      rest ? node.argument : node,
      rest ? this.#restOf(node, elementsOf(values)) : elementsOf(values),
    );
  }

  #taken(node: { key: AnyNode; computed: boolean }, values: Values): Values {
    return lookup(values, this.keyOf(node));
  }

  #bindName(node: AnyNode & { type: 'Identifier' }, values: Values): void {
    const binding = this.#flow.bindingOf(node);
    if (binding !== null) this.#flow.add(this.#flow.variable(binding), values);
    else this.#flow.escape(values, node, `assigned to the global ${node.name}`);
  }

  #write(node: AnyNode & { type: 'MemberExpression' }, values: Values): void {
    const name = this.#calls.nameOf(node);
    for (const one of this.#calls.receiver(node.object)) {
      if (one === UNKNOWN || one.escaped || one.builtin !== null)
        this.#flow.escape(values, node, `stored in ${excerpt(this.#flow.context.module, node)}`);
      if (one !== UNKNOWN)
        this.#flow.add(
          name === null || (one.isArray && /^\d+$/.test(name)) ? one.any : one.prop(name),
          values,
        );
    }
  }

  #yield = (node: AnyNode & { type: 'YieldExpression' }): Values => {
    if (node.argument) this.#flow.escape(this.visit(node.argument), node, 'yielded by a generator');
    return DATA;
  };

  #declarator = (node: AnyNode & { type: 'VariableDeclarator' }): Values => {
    if (node.init) this.bind(node.id, this.visit(node.init));
    else this.visit(node.id);
    return NONE;
  };

  #return = (node: AnyNode & { type: 'ReturnStatement' }): Values => {
    const values = node.argument ? this.visit(node.argument) : NONE;
    const { owner } = this.#flow.context;
    if (owner !== null) this.#flow.add(owner.returns, values);
    return NONE;
  };

  #throw = (node: AnyNode & { type: 'ThrowStatement' }): Values => {
    this.#flow.escape(this.visit(node.argument), node, 'thrown');
    return NONE;
  };

  #forOf = (node: AnyNode & { type: 'ForOfStatement' }): Values => {
    this.#bindLeft(node.left, elementsOf(this.visit(node.right)));
    return this.visit(node.body);
  };

  #forIn = (node: AnyNode & { type: 'ForInStatement' }): Values => {
    this.visit(node.right);
    this.#bindLeft(node.left, DATA);
    return this.visit(node.body);
  };

  #bindLeft(left: AnyNode, values: Values): void {
    if (left.type !== 'VariableDeclaration') this.bind(left, values);
    else for (const one of left.declarations) this.bind(one.id, values);
  }

  #catch = (node: AnyNode & { type: 'CatchClause' }): Values => {
    if (node.param) this.bind(node.param, DATA);
    return this.visit(node.body);
  };
}

export function union(...sets: readonly Values[]): Values {
  return new Set(sets.flatMap((one) => [...one]));
}

function nameOf(node: AnyNode): string | null {
  if (!isFunction(node) || node.type === 'ArrowFunctionExpression') return null;
  return (node.id as { name: string } | null)?.name ?? null;
}
