import type { AnyNode, CallExpression } from 'acorn';
import MagicString from 'magic-string';
import type { Analysis } from './analyse.ts';
import { ScriptError } from './errors.ts';
import type { LinkedModule } from './linker.ts';
import { childrenOf, placeOf } from './parse.ts';
import { isFunction } from './scope.ts';
import type { FunctionNode } from './scope.ts';
import { rewriteModuleSyntax } from './module-syntax.ts';
import { RUNTIME } from './runtime.ts';

/** The code of one module as the body of a function, with unchanged line numbers. */
export interface RewrittenModule {
  path: string;
  code: string;
  /** Paths of the modules that it imports. */
  imports: readonly string[];
}

/** Inserts `async` and `await` as the analysis says, and rewrites imports and exports as plain code. */
export function rewriteModule(module: LinkedModule, analysis: Analysis): RewrittenModule {
  const edits = new MagicString(module.code);
  new Rewriter(module, analysis, edits).visit(module.ast);
  const prologue = rewriteModuleSyntax(module, edits);
  edits.prepend(prologue);
  return {
    path: module.path,
    code: edits.toString(),
    imports: [...module.imports.values()].map((one) => one.path),
  };
}

class Rewriter {
  readonly #module: LinkedModule;
  readonly #analysis: Analysis;
  readonly #edits: MagicString;

  constructor(module: LinkedModule, analysis: Analysis, edits: MagicString) {
    this.#module = module;
    this.#analysis = analysis;
    this.#edits = edits;
  }

  visit(node: AnyNode): void {
    if (isFunction(node) && this.#analysis.functions.has(node)) this.#async(node);
    const how = this.#analysis.sites.get(node);
    if (how === 'await') this.#await(node);
    else if (how === 'iterate') this.#iterate(node as CallExpression);
    for (const child of childrenOf(node)) this.visit(child);
  }

  #parent(node: AnyNode): AnyNode | undefined {
    return this.#module.scopes.parents.get(node);
  }

  #async(node: FunctionNode): void {
    const parent = this.#parent(node);
    const method =
      parent?.type === 'MethodDefinition' || (parent?.type === 'Property' && parent.method) ? parent : null;
    this.#edits.appendRight(method === null ? node.start : method.key.start, 'async ');
  }

  #await(call: AnyNode): void {
    let node = call;
    const parent = this.#parent(call);
    if (parent?.type === 'ChainExpression') node = parent;
    else if (this.#insideChain(call))
      throw new ScriptError(
        placeOf(this.#module, call),
        'a blocking call after ?. whose result is read in the same expression is not supported: keep it in a variable',
      );
    this.#open(node, '(await ');
    this.#edits.appendLeft(node.end, ')');
  }

  /** Whether the call is in an optional chain that continues after it. Such a call may not happen, and then the rest must be skipped too. */
  #insideChain(call: AnyNode): boolean {
    let inChain = false;
    for (let at = this.#parent(call), below = call; at !== undefined; below = at, at = this.#parent(at)) {
      if (at.type === 'ChainExpression') inChain = true;
      const goesOn =
        (at.type === 'MemberExpression' && at.object === below) ||
        (at.type === 'CallExpression' && at.callee === below);
      if (!goesOn) break;
    }
    return inChain && hasOptional(call);
  }

  /** `items.map(f)` → `(await __plumbline.iterate('map', items, f))`. */
  #iterate(node: CallExpression): void {
    const { callee } = node;
    if (callee.type !== 'MemberExpression' || callee.object.type === 'Super') return;
    const name = callee.property.type === 'Identifier' ? callee.property.name : '';
    this.#open(node, `(await ${RUNTIME}.iterate('${name}', `);
    const open = this.#module.code.indexOf('(', callee.end);
    // The edit begins at the dot, so that a bracket that closes before it stays.
    const from = this.#module.code.lastIndexOf('.', callee.property.start);
    this.#edits.update(from, open + 1, `, ${newlinesOf(this.#module.code.slice(from, open + 1))}`);
    this.#edits.appendLeft(node.end, ')');
  }

  /** Inserts text before an expression. If it begins a statement, a semicolon keeps a `(` from calling the end of the previous line. */
  #open(node: AnyNode, text: string): void {
    const guard = this.#beginsStatement(node) ? ';' : '';
    this.#edits.appendRight(node.start, `${guard}${text}`);
  }

  #beginsStatement(node: AnyNode): boolean {
    let below = node;
    for (let at = this.#parent(node); at !== undefined; below = at, at = this.#parent(at)) {
      if (at.start !== node.start) return false;
      if (at.type !== 'ExpressionStatement') continue;
      const list = this.#parent(at)?.type;
      return (
        list === 'Program' || list === 'BlockStatement' || list === 'SwitchCase' || list === 'StaticBlock'
      );
    }
    return below.type === 'ExpressionStatement';
  }
}

function newlinesOf(text: string): string {
  return text.replace(/[^\n]/g, '');
}

function hasOptional(node: AnyNode): boolean {
  if (node.type === 'CallExpression') return node.optional || hasOptional(node.callee);
  return node.type === 'MemberExpression' && (node.optional || hasOptional(node.object));
}
