import type { AnyNode, Identifier, Pattern } from 'acorn';
import { childrenOf } from './parse.ts';

export type FunctionNode = Extract<
  AnyNode,
  { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }
>;
export type ClassNode = Extract<AnyNode, { type: 'ClassDeclaration' | 'ClassExpression' }>;

/** A name that a module declares. */
export interface Binding {
  name: string;
  kind: 'import' | 'variable' | 'function' | 'class' | 'parameter';
}

/** The binding of every identifier of a module, and the parent of every node. */
export interface Scopes {
  /** By node of the identifier, for declarations and references. A global has no entry. */
  bindings: ReadonlyMap<AnyNode, Binding>;
  parents: ReadonlyMap<AnyNode, AnyNode>;
  /** Identifiers that read or write a global. */
  globals: readonly Identifier[];
  /** How often a binding is used outside its declaration. */
  uses: ReadonlyMap<Binding, number>;
}

class Scope {
  readonly names = new Map<string, Binding>();
  readonly parent: Scope | null;

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  declare(name: string, kind: Binding['kind']): void {
    if (!this.names.has(name)) this.names.set(name, { name, kind });
  }

  find(name: string): Binding | null {
    return this.names.get(name) ?? this.parent?.find(name) ?? null;
  }
}

const BLOCKS = new Set([
  'Program',
  'BlockStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'StaticBlock',
]);

/** Resolves every identifier by JavaScript's scope rules. */
export function resolveScopes(program: AnyNode): Scopes {
  return new Resolver().run(program);
}

class Resolver {
  readonly #bindings = new Map<AnyNode, Binding>();
  readonly #parents = new Map<AnyNode, AnyNode>();
  readonly #globals: Identifier[] = [];
  readonly #uses = new Map<Binding, number>();
  readonly #declared = new Set<AnyNode>();

  run(program: AnyNode): Scopes {
    const top = new Scope(null);
    hoistVars(program, top);
    this.#block(program, top);
    return {
      bindings: this.#bindings,
      parents: this.#parents,
      globals: this.#globals,
      uses: this.#uses,
    };
  }

  #visit(node: AnyNode, scope: Scope): void {
    if (isFunction(node)) this.#function(node, scope);
    else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') this.#class(node, scope);
    else if (node.type === 'CatchClause') this.#catch(node, scope);
    else if (BLOCKS.has(node.type)) this.#block(node, new Scope(scope));
    else if (node.type === 'Identifier') this.#identifier(node, scope);
    // `export { a } from './b.ts'` refers to no name of this module.
    else if (node.type === 'ExportNamedDeclaration' && node.source) return;
    else this.#children(node, scope);
  }

  #children(node: AnyNode, scope: Scope): void {
    for (const child of childrenOf(node)) {
      if (this.#parents.has(child)) continue;
      this.#parents.set(child, node);
      if (!isPlainName(node, child)) this.#visit(child, scope);
    }
  }

  /** Declares the names of the statements directly in a block, then visits the statements. */
  #block(node: AnyNode, scope: Scope): void {
    for (const child of childrenOf(node)) this.#declareStatement(child, scope);
    if (node.type === 'SwitchStatement')
      for (const one of node.cases) for (const child of one.consequent) this.#declareStatement(child, scope);
    if (node.type === 'StaticBlock') hoistVars(node, scope);
    this.#children(node, scope);
  }

  #declareStatement(node: AnyNode, scope: Scope): void {
    if (node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration') {
      if (node.declaration) this.#declareStatement(node.declaration, scope);
      return;
    }
    for (const { id, kind } of declaredBy(node)) this.#pattern(id, scope, kind);
  }

  #pattern(pattern: Pattern, scope: Scope, kind: Binding['kind']): void {
    for (const name of namesOf(pattern)) {
      scope.declare(name.name, kind);
      this.#declared.add(name);
    }
  }

  #function(node: FunctionNode, scope: Scope): void {
    const outer = new Scope(scope);
    if (node.type === 'FunctionExpression' && node.id) this.#pattern(node.id, outer, 'function');
    const inner = new Scope(outer);
    for (const one of node.params) this.#pattern(one, inner, 'parameter');
    hoistVars(node.body, inner);
    if (node.id) this.#link(node.id, node, node.type === 'FunctionExpression' ? outer : scope);
    for (const one of node.params) this.#link(one, node, inner);
    this.#parents.set(node.body, node);
    if (node.body.type === 'BlockStatement') this.#block(node.body, new Scope(inner));
    else this.#visit(node.body, inner);
  }

  #class(node: ClassNode, scope: Scope): void {
    const inner = new Scope(scope);
    if (node.id) {
      if (node.type === 'ClassExpression') this.#pattern(node.id, inner, 'class');
      this.#link(node.id, node, node.type === 'ClassExpression' ? inner : scope);
    }
    this.#children(node, inner);
  }

  #catch(node: AnyNode & { type: 'CatchClause' }, scope: Scope): void {
    const inner = new Scope(scope);
    if (node.param) {
      this.#pattern(node.param, inner, 'variable');
      this.#link(node.param, node, inner);
    }
    this.#parents.set(node.body, node);
    this.#block(node.body, new Scope(inner));
  }

  #link(node: AnyNode, parent: AnyNode, scope: Scope): void {
    this.#parents.set(node, parent);
    this.#visit(node, scope);
  }

  #identifier(node: Identifier, scope: Scope): void {
    const binding = scope.find(node.name);
    if (binding === null) {
      if (node.name !== 'undefined') this.#globals.push(node);
      return;
    }
    this.#bindings.set(node, binding);
    if (!this.#declared.has(node)) this.#uses.set(binding, (this.#uses.get(binding) ?? 0) + 1);
  }
}

/** `var` belongs to the surrounding function or module, at any depth of nesting. */
function hoistVars(node: AnyNode, scope: Scope): void {
  if (node.type === 'VariableDeclaration' && node.kind === 'var')
    for (const one of node.declarations)
      for (const name of namesOf(one.id)) scope.declare(name.name, 'variable');
  for (const child of childrenOf(node)) if (!isFunction(child)) hoistVars(child, scope);
}

/** The identifiers that a pattern declares or writes; a member (`a.b = …`) is none. */
export function namesOf(pattern: AnyNode): Identifier[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'ObjectPattern':
      return pattern.properties.flatMap((one) => namesOf(one.type === 'Property' ? one.value : one));
    case 'ArrayPattern':
      return pattern.elements.flatMap((one) => (one === null ? [] : namesOf(one)));
    case 'AssignmentPattern':
      return namesOf(pattern.left);
    case 'RestElement':
      return namesOf(pattern.argument);
    default:
      return [];
  }
}

export function isFunction(node: AnyNode): node is FunctionNode {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}

/** What a statement declares in its block. `var` belongs to the function (hoistVars). */
function declaredBy(node: AnyNode): { id: Pattern; kind: Binding['kind'] }[] {
  switch (node.type) {
    case 'VariableDeclaration':
      return node.kind === 'var' ? [] : node.declarations.map(({ id }) => ({ id, kind: 'variable' }));
    case 'FunctionDeclaration':
      return node.id === null ? [] : [{ id: node.id, kind: 'function' }];
    case 'ClassDeclaration':
      return node.id === null ? [] : [{ id: node.id, kind: 'class' }];
    case 'ImportDeclaration':
      return node.specifiers.map(({ local }) => ({ id: local, kind: 'import' }));
    default:
      return [];
  }
}

const KEYED = new Set(['Property', 'MethodDefinition', 'PropertyDefinition']);
const LABELLED = new Set(['LabeledStatement', 'BreakStatement', 'ContinueStatement', 'MetaProperty']);

/** Whether a name does not refer to a variable: the `b` of `a.b`, `{ b: 1 }`, `break b` and `import { b as c }`. */
function isPlainName(parent: AnyNode, child: AnyNode): boolean {
  if (parent.type === 'MemberExpression') return child === parent.property && !parent.computed;
  if (KEYED.has(parent.type)) {
    const { key, computed } = parent as unknown as { key: AnyNode; computed: boolean };
    return child === key && !computed;
  }
  if (LABELLED.has(parent.type)) return child.type === 'Identifier';
  if (parent.type === 'ImportSpecifier' || parent.type === 'ExportSpecifier') return child !== parent.local;
  return false;
}
