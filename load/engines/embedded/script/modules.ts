import type {
  AnyNode,
  ExportAllDeclaration,
  ExportDefaultDeclaration,
  ExportNamedDeclaration,
  Identifier,
  ImportDeclaration,
  Literal,
} from 'acorn';
import { k6Module } from './builtins.ts';
import type { Flow } from './flow.ts';
import type { Walker } from './walker.ts';
import { isUsed } from './linker.ts';
import { namesOf } from './scope.ts';
import { lookup } from './values.ts';
import type { Abstract, Values } from './values.ts';

const NONE: Values = new Set();

/** Follows imports and exports between modules. */
export class ModuleFollower {
  readonly #flow: Flow;
  readonly #follower: Walker;

  constructor(flow: Flow, follower: Walker) {
    this.#flow = flow;
    this.#follower = follower;
  }

  import(node: ImportDeclaration): Values {
    const from = this.#source(node.source);
    if (from === null) return NONE;
    for (const one of node.specifiers) {
      const { module } = this.#flow.context;
      if (module.path.endsWith('.ts') && !isUsed(module, one.local)) continue;
      const whole = one.type === 'ImportNamespaceSpecifier';
      const name = importedName(one);
      if (!whole) this.#refuseMissing(node, from, name);
      const binding = this.#flow.bindingOf(one.local);
      if (binding === null) continue;
      this.#flow.add(this.#flow.variable(binding), whole ? [from] : this.#take(from, name));
    }
    return NONE;
  }

  exportNamed(node: ExportNamedDeclaration): Values {
    const own = this.#flow.namespace(this.#flow.context.module);
    if (node.declaration) {
      this.#follower.visit(node.declaration);
      for (const id of declaredNames(node.declaration)) this.#export(own, id.name, this.#valuesOf(id));
    }
    const from = node.source ? this.#source(node.source) : null;
    for (const one of node.specifiers) {
      const local = textOf(one.local);
      if (from !== null) this.#refuseMissing(node, from, local);
      const values = from === null ? this.#valuesOf(one.local) : this.#take(from, local);
      this.#export(own, textOf(one.exported), values);
    }
    return NONE;
  }

  exportDefault(node: ExportDefaultDeclaration): Values {
    const own = this.#flow.namespace(this.#flow.context.module);
    this.#export(own, 'default', this.#follower.visit(node.declaration));
    return NONE;
  }

  exportAll(node: ExportAllDeclaration): Values {
    const own = this.#flow.namespace(this.#flow.context.module);
    const from = this.#source(node.source);
    if (from === null) return NONE;
    if (node.exported) this.#export(own, textOf(node.exported), new Set([from]));
    else this.#flow.add(own.sources, [from]);
    return NONE;
  }

  #export(own: Abstract, name: string, values: Values): void {
    this.#flow.add(own.prop(name), values);
  }

  #valuesOf(node: Identifier | Literal): Values {
    const binding = node.type === 'Identifier' ? this.#flow.bindingOf(node) : null;
    return binding === null ? NONE : this.#flow.variable(binding);
  }

  /** The exports of an import's source; null: the import holds only types and was dropped. */
  #source({ value }: Literal): Abstract | null {
    const specifier = String(value);
    const linked = this.#flow.context.module.imports.get(specifier);
    return linked === undefined ? k6Module(specifier) : this.#flow.namespace(linked);
  }

  #take(from: Abstract, name: string): Values {
    // The default export of a k6 module, as in `import http from 'k6/http'`, is the whole module.
    return from.builtin !== null && name === 'default' ? new Set([from]) : lookup(new Set([from]), name);
  }

  #refuseMissing(node: ImportDeclaration | ExportNamedDeclaration, from: Abstract, name: string): void {
    const module = from.builtin?.replace(/^module /, '');
    if (module === undefined || name === 'default' || from.props.has(name)) return;
    this.#flow.problem(node, `'${name}' of '${module}' is not supported by the embedded engine`);
  }
}

function importedName(node: ImportDeclaration['specifiers'][number]): string {
  if (node.type === 'ImportDefaultSpecifier') return 'default';
  return node.type === 'ImportSpecifier' ? textOf(node.imported) : '*';
}

export function textOf(node: Identifier | Literal): string {
  return node.type === 'Identifier' ? node.name : String(node.value);
}

/** The names that an exported declaration declares. */
export function declaredNames(node: AnyNode): Identifier[] {
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap((one) => namesOf(one.id));
  return (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id
    ? [node.id]
    : [];
}
