/**
 * What the code of a check does with the cluster, read from its source: from the function that observes, every function and constant that it
 * names, wherever below `suites/` it stands. What it reaches is parsed and never run.
 */
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { parse, parseExpressionAt } from 'acorn';
import { z } from 'zod';

const SUITES = path.join(import.meta.dirname, '..');

/** Any node of a syntax tree: ESTree has a type for each, and all that counts here are some fields. */
interface Syntax {
  type: string;
  [field: string]: unknown;
}
interface Name {
  file: string;
  name: string;
}
interface Module {
  declared: ReadonlyMap<string, Syntax>;
  /** Names that stand for what another file, or this one under another name, exports. */
  others: ReadonlyMap<string, Name>;
}

/** What was found, each as it stands in the source; `*` where a part of it is put together when it runs. */
export interface Found {
  /** Kinds as they are listed: `apps/v1/Deployment`. */
  kinds: Set<string>;
  /** Kinds of objects that are written down whole. */
  objects: Set<string>;
  /** Methods of `ctx.cluster`. */
  cluster: Set<string>;
  /** All strings: names of the runner's methods are among them. */
  texts: Set<string>;
  /** Paths of the API server. */
  paths: Set<string>;
  /** Functions that are called by their name, also those outside of `suites/`. */
  calls: Set<string>;
}

const KIND = /^(?:[a-z0-9.]+\/)?v\d\w*\/(?:[A-Z]\w+|\*)$/;
const PATH = /^\/(?:apis?|version|readyz|livez)\b/;

/** No schema, which takes ten times as long: it is asked of every field of every node that a check reaches. */
function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function nodeAt(of: Syntax, field: string): Syntax | null {
  const one = of[field];
  return isSyntax(one) ? one : null;
}

function nodesAt(of: Syntax, field: string): Syntax[] {
  const several = of[field];
  return Array.isArray(several) ? several.filter(isSyntax) : [];
}

function textAt(of: Syntax | null, field: string): string {
  const text = of?.[field];
  return typeof text === 'string' ? text : '';
}

const MODULES = new Map<string, Module>();

function moduleOf(file: string): Module {
  const known = MODULES.get(file);
  if (known !== undefined) return known;
  const source = stripTypeScriptTypes(readFileSync(file, 'utf8'));
  const program: Syntax = { ...parse(source, { ecmaVersion: 'latest', sourceType: 'module' }) };
  const declared = new Map<string, Syntax>();
  const others = new Map<string, Name>();
  for (const statement of nodesAt(program, 'body')) {
    declare(nodeAt(statement, 'declaration') ?? statement, declared);
    const from = textAt(nodeAt(statement, 'source'), 'value');
    for (const one of nodesAt(statement, 'specifiers')) {
      const [here, there] =
        statement.type === 'ImportDeclaration'
          ? (['local', 'imported'] as const)
          : (['exported', 'local'] as const);
      const name = {
        file: from.startsWith('.') ? path.join(path.dirname(file), from) : file,
        name: textAt(nodeAt(one, there), 'name'),
      };
      const own = textAt(nodeAt(one, here), 'name');
      if (name.file !== file || name.name !== own) others.set(own, name);
    }
  }
  const found = { declared, others };
  MODULES.set(file, found);
  return found;
}

function declare(statement: Syntax, declared: Map<string, Syntax>): void {
  for (const one of nodesAt(statement, 'declarations')) declared.set(textAt(nodeAt(one, 'id'), 'name'), one);
  if (/^(?:Function|Class)Declaration$/.test(statement.type))
    declared.set(textAt(nodeAt(statement, 'id'), 'name'), statement);
}

/** @param observe the source of the function with which a definition, in this file, says what observes */
export function scan(file: string, observe: string): Found {
  const walker = new Walker();
  walker.walk(
    { ...parseExpressionAt(`(${observe})`, 0, { ecmaVersion: 'latest', sourceType: 'module' }) },
    { file, above: [] },
  );
  return walker.found;
}

interface Where {
  file: string;
  /** From the outermost node to the one around this. */
  above: readonly Syntax[];
}

class Walker {
  readonly found: Found = {
    kinds: new Set(),
    objects: new Set(),
    cluster: new Set(),
    texts: new Set(),
    paths: new Set(),
    calls: new Set(),
  };
  readonly #seen = new Set<string>();

  walk(node: Syntax, where: Where): void {
    this.#note(node);
    if (node.type === 'ImportExpression') this.#followImport(node, where);
    if (node.type === 'Identifier' && !isField(node, where.above.at(-1)))
      this.#follow({ file: where.file, name: textAt(node, 'name') });
    const below = { file: where.file, above: [...where.above, node] };
    for (const field of Object.keys(node)) {
      const one = nodeAt(node, field);
      for (const child of one === null ? nodesAt(node, field) : [one]) this.walk(child, below);
    }
  }

  #follow({ file, name }: Name): void {
    const key = `${file} ${name}`;
    if (this.#seen.has(key) || !file.startsWith(SUITES) || !existsSync(file)) return;
    this.#seen.add(key);
    const { declared, others } = moduleOf(file);
    const node = declared.get(name);
    const other = others.get(name);
    if (node !== undefined) this.walk(node, { file, above: [] });
    else if (other !== undefined) this.#follow(other);
  }

  /** `(await import(…)).name`, and `const { name } = await import(…)`. */
  #followImport(node: Syntax, { file, above }: Where): void {
    const target = path.join(path.dirname(file), textAt(nodeAt(node, 'source'), 'value'));
    const user = above.findLast(({ type }) => type !== 'AwaitExpression');
    if (user === undefined) return;
    const names = [
      nodeAt(user, 'property'),
      ...nodesAt(nodeAt(user, 'id') ?? user, 'properties').map((one) => nodeAt(one, 'key')),
    ];
    for (const one of names) if (one !== null) this.#follow({ file: target, name: textAt(one, 'name') });
  }

  #note(node: Syntax): void {
    const text = textOf(node);
    if (text !== null) {
      this.found.texts.add(text);
      if (KIND.test(text)) this.found.kinds.add(text);
      if (PATH.test(text)) this.found.paths.add(text);
    }
    const object = objectKind(node);
    if (object !== null) this.found.objects.add(object);
    if (node.type === 'CallExpression') this.#noteCall(nodeAt(node, 'callee'));
  }

  #noteCall(callee: Syntax | null): void {
    if (callee === null) return;
    if (callee.type === 'Identifier') this.found.calls.add(textAt(callee, 'name'));
    const on = nodeAt(callee, 'object');
    if (textAt(on === null ? null : nodeAt(on, 'property'), 'name') === 'cluster')
      this.found.cluster.add(textAt(nodeAt(callee, 'property'), 'name'));
  }
}

/** Whether an identifier only names a field, and nothing that is declared. */
function isField(node: Syntax, around: Syntax | undefined): boolean {
  if (around === undefined || around['computed'] === true) return false;
  if (around.type === 'MemberExpression') return around['property'] === node;
  return around.type === 'Property' && around['key'] === node && around['shorthand'] !== true;
}

/** A string, or a template with `*` for what is put into it. */
function textOf(node: Syntax): string | null {
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : null;
  if (node.type !== 'TemplateLiteral') return null;
  const parts = z.array(z.object({ value: z.object({ cooked: z.string() }) })).parse(node['quasis']);
  return parts.map(({ value }) => value.cooked).join('*');
}

/** `v1/Pod` of an object that is written down with both. */
function objectKind(node: Syntax): string | null {
  if (node.type !== 'ObjectExpression') return null;
  const fields = new Map(
    nodesAt(node, 'properties').map((one) => [
      textAt(nodeAt(one, 'key'), 'name'),
      textAt(nodeAt(one, 'value'), 'value'),
    ]),
  );
  const [version = '', kind = ''] = [fields.get('apiVersion'), fields.get('kind')];
  return version === '' || kind === '' ? null : `${version}/${kind}`;
}
