import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AnyNode, ImportDeclaration } from 'acorn';
import { ScriptError } from './errors.ts';
import { childrenOf, parseModule, placeOf } from './parse.ts';
import type { ParsedModule } from './parse.ts';
import { resolveScopes } from './scope.ts';
import type { Scopes } from './scope.ts';
import { GLOBALS_REFUSED, MODULES, refusedModule, TYPE_MODULES } from './supported.ts';

/** A file of the script, with its resolved names and the files that it imports. */
export interface LinkedModule extends ParsedModule {
  scopes: Scopes;
  /** The module behind each relative specifier. */
  imports: Map<string, LinkedModule>;
}

/**
 * Reads the script and every file that it imports, each once. An imported file comes before those that import it.
 * @throws ScriptError with file, line and name for anything that cannot be read or parsed, or is not supported
 */
export function linkModules(path: string): LinkedModule[] {
  const order: LinkedModule[] = [];
  link(resolve(path), { known: new Map(), order, from: null });
  return order;
}

interface Linking {
  known: Map<string, LinkedModule>;
  order: LinkedModule[];
  from: { file: string; line: number } | null;
}

function link(path: string, linking: Linking): LinkedModule {
  const known = linking.known.get(path);
  if (known !== undefined) return known;
  const parsed = parseModule(path, read(path, linking.from));
  const module: LinkedModule = { ...parsed, scopes: resolveScopes(parsed.ast), imports: new Map() };
  linking.known.set(path, module);
  refuseSyntax(module, module.ast);
  refuseGlobals(module);
  for (const statement of module.ast.body) {
    const specifier = sourceOf(statement);
    if (specifier === null || specifier in MODULES) continue;
    if (statement.type === 'ImportDeclaration' && onlyTypes(module, statement, specifier)) continue;
    const place = placeOf(module, statement);
    if (!/^\.{1,2}\/|^\//.test(specifier)) throw new ScriptError(place, refusedModule(specifier));
    module.imports.set(specifier, link(resolve(dirname(path), specifier), { ...linking, from: place }));
  }
  linking.order.push(module);
  return module;
}

/** The specifier of an import or of an `export … from`; null for other statements. */
export function sourceOf(statement: AnyNode): string | null {
  switch (statement.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return String(statement.source.value);
    case 'ExportNamedDeclaration':
      return statement.source ? String(statement.source.value) : null;
    default:
      return null;
  }
}

/** In TypeScript, an imported name that is never used as a value is a type: the import is dropped. */
export function onlyTypes(module: LinkedModule, node: ImportDeclaration, specifier: string): boolean {
  const unused = node.specifiers.every((one) => !isUsed(module, one.local));
  return (
    unused && (TYPE_MODULES.has(specifier) || (module.path.endsWith('.ts') && node.specifiers.length > 0))
  );
}

export function isUsed(module: LinkedModule, local: AnyNode): boolean {
  const binding = module.scopes.bindings.get(local);
  return binding !== undefined && (module.scopes.uses.get(binding) ?? 0) > 0;
}

function read(path: string, from: { file: string; line: number } | null): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new ScriptError(from ?? { file: path, line: 0 }, `cannot read ${path}: ${why}`, error);
  }
}

const REFUSED_SYNTAX: Readonly<Record<string, string>> = {
  ImportExpression: 'import(): modules are loaded before the load begins, write `import … from` at the top',
  WithStatement: 'with: names cannot be resolved in it',
};

function refuseSyntax(module: LinkedModule, node: AnyNode): void {
  const what = REFUSED_SYNTAX[node.type];
  if (what !== undefined) throw new ScriptError(placeOf(module, node), `${what} (not supported)`);
  if (node.type === 'MetaProperty' && node.meta.name === 'import')
    throw new ScriptError(placeOf(module, node), 'import.meta is not supported');
  for (const child of childrenOf(node)) refuseSyntax(module, child);
}

function refuseGlobals(module: LinkedModule): void {
  for (const node of module.scopes.globals) {
    const parent = module.scopes.parents.get(node);
    const asked = parent?.type === 'UnaryExpression' && parent.operator === 'typeof';
    if (GLOBALS_REFUSED.has(node.name) && !asked)
      throw new ScriptError(
        placeOf(module, node),
        `the global ${node.name} is not supported by the embedded engine`,
      );
  }
}
