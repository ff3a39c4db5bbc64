import type { AnyNode, ExportDefaultDeclaration, ExportNamedDeclaration, ImportDeclaration } from 'acorn';
import type MagicString from 'magic-string';
import { sourceOf } from './linker.ts';
import type { LinkedModule } from './linker.ts';
import { declaredNames, textOf } from './modules.ts';
import { RUNTIME } from './runtime.ts';
import { namesOf } from './scope.ts';
import type { Binding } from './scope.ts';
import { GLOBALS_GIVEN, GLOBALS_REFUSED, MODULES } from './supported.ts';

/**
 * Rewrites imports and exports as plain code. Names from other files of the script are read at each use, as they are live bindings in a
 * module. Names of k6 never change, and become constants.
 * @returns the code to put before the module, without a line break
 */
export function rewriteModuleSyntax(module: LinkedModule, edits: MagicString): string {
  return new ModuleSyntax(module, edits).run();
}

const DEFAULT = '__plumbline_default';

class ModuleSyntax {
  readonly #module: LinkedModule;
  readonly #edits: MagicString;
  readonly #constants: string[] = [];
  readonly #getters = new Map<string, string>();
  readonly #stars: string[] = [];
  /** The code that replaces a name imported from another file. */
  readonly #live = new Map<Binding, string>();

  constructor(module: LinkedModule, edits: MagicString) {
    this.#module = module;
    this.#edits = edits;
  }

  run(): string {
    for (const statement of this.#module.ast.body) {
      if (statement.type === 'ImportDeclaration') this.#import(statement);
      else if (statement.type === 'ExportNamedDeclaration') this.#exportNamed(statement);
      else if (statement.type === 'ExportDefaultDeclaration') this.#exportDefault(statement);
      else if (statement.type === 'ExportAllDeclaration') {
        const from = this.#reference(sourceOf(statement) ?? '');
        if (statement.exported) this.#getters.set(textOf(statement.exported), from);
        else this.#stars.push(from);
        this.#remove(statement);
      }
    }
    this.#rename();
    this.#globals();
    const getters = [...this.#getters].map(
      ([name, code]) => `get ${JSON.stringify(name)}() { return ${code}; }`,
    );
    const stars = this.#stars.map((one) => `, ${one}`).join('');
    return `${this.#constants.join('')}${RUNTIME}.exports({ ${getters.join(', ')} }${stars});`;
  }

  /** Code for the object that holds the exports of a specifier. */
  #reference(specifier: string): string {
    const linked = this.#module.imports.get(specifier);
    return linked === undefined
      ? `${RUNTIME}.k6(${JSON.stringify(specifier)})`
      : `${RUNTIME}.file(${[...this.#module.imports.values()].indexOf(linked)})`;
  }

  #import(node: ImportDeclaration): void {
    const specifier = sourceOf(node) ?? '';
    const own = this.#module.imports.has(specifier);
    if (own || specifier in MODULES)
      for (const one of node.specifiers) {
        const member =
          one.type === 'ImportNamespaceSpecifier'
            ? ''
            : `[${JSON.stringify(one.type === 'ImportDefaultSpecifier' ? 'default' : textOf(one.imported))}]`;
        const code = `${this.#reference(specifier)}${member}`;
        const binding = this.#module.scopes.bindings.get(one.local);
        if (!own) this.#constants.push(`const ${one.local.name} = ${code}; `);
        else if (binding !== undefined) this.#live.set(binding, code);
      }
    this.#remove(node);
  }

  #exportNamed(node: ExportNamedDeclaration): void {
    if (node.declaration) {
      for (const { name } of declaredNames(node.declaration)) this.#getters.set(name, name);
      this.#edits.remove(node.start, node.declaration.start);
      return;
    }
    for (const one of node.specifiers) {
      // In TypeScript this exports a type, which has no value; see parseModule.
      if (!node.source && !this.#module.scopes.bindings.has(one.local)) continue;
      const local = textOf(one.local);
      const from = node.source ? `${this.#reference(sourceOf(node) ?? '')}[${JSON.stringify(local)}]` : null;
      this.#getters.set(textOf(one.exported), from ?? this.#localCode(one.local, local));
    }
    this.#remove(node);
  }

  /** An exported name may be an imported one. */
  #localCode(node: AnyNode, name: string): string {
    const binding = this.#module.scopes.bindings.get(node);
    return (binding && this.#live.get(binding)) ?? name;
  }

  #exportDefault(node: ExportDefaultDeclaration): void {
    const { declaration } = node;
    const named =
      (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') &&
      (declaration.id as { name: string } | null);
    if (named) {
      this.#getters.set('default', named.name);
      this.#edits.remove(node.start, declaration.start);
      return;
    }
    this.#getters.set('default', DEFAULT);
    this.#edits.update(node.start, declaration.start, `const ${DEFAULT} = `);
    // An exported declaration becomes an expression here, and needs a semicolon at its end.
    this.#edits.appendRight(declaration.end, ';');
  }

  /** Globals of the engine become properties of its runtime. Refused ones become `undefined`, so that `typeof` does not find Node's. */
  #globals(): void {
    for (const node of this.#module.scopes.globals) {
      if (GLOBALS_REFUSED.has(node.name)) this.#edits.update(node.start, node.end, 'undefined');
      if (!GLOBALS_GIVEN.has(node.name)) continue;
      const parent = this.#module.scopes.parents.get(node);
      const short = parent?.type === 'Property' && parent.shorthand ? `${node.name}: ` : '';
      this.#edits.update(node.start, node.end, `${short}${RUNTIME}.${node.name}`);
    }
  }

  #rename(): void {
    if (this.#live.size === 0) return;
    const { bindings, parents } = this.#module.scopes;
    for (const [node, binding] of bindings) {
      const code = this.#live.get(binding);
      const parent = parents.get(node);
      if (code === undefined || parent === undefined || /^(Import|Export)/.test(parent.type)) continue;
      const short = parent.type === 'Property' && parent.shorthand;
      this.#edits.update(node.start, node.end, short ? `${namesOf(node)[0]?.name ?? ''}: ${code}` : code);
    }
  }

  /** Keeps the line breaks, so that line numbers do not change. */
  #remove({ start, end }: { start: number; end: number }): void {
    const lines = this.#module.code.slice(start, end).replace(/[^\n]/g, '');
    if (lines === '') this.#edits.remove(start, end);
    else this.#edits.update(start, end, lines);
  }
}
