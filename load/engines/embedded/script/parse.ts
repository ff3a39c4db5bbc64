import { stripTypeScriptTypes } from 'node:module';
import { Parser } from 'acorn';
import type { AnyNode, Program } from 'acorn';
import { ScriptError } from './errors.ts';

/** One file of a script, with its types replaced by spaces, so that positions are those of the original file. */
export interface ParsedModule {
  /** Absolute path. */
  path: string;
  code: string;
  ast: Program;
}

/** The position that acorn appends to its messages. */
const ACORN_PLACE = / \(\d+:\d+\)$/;

/** Accepts the export of an undeclared name: it is a type, whose declaration was stripped. */
class TypeScriptParser extends Parser {
  /** Overrides acorn's check, which refuses such a name. */
  checkLocalExport(): void {
    // rewriteModuleSyntax leaves it out.
  }
}

/**
 * Strips the types of a `.ts` file and parses it.
 * @throws ScriptError with file and line for a syntax error, and for TypeScript that is more than types (enum, namespace)
 */
export function parseModule(path: string, source: string): ParsedModule {
  const code = path.endsWith('.ts') ? stripped(path, source) : source;
  try {
    const parser = path.endsWith('.ts') ? TypeScriptParser : Parser;
    return { path, code, ast: parser.parse(code, { ecmaVersion: 'latest', sourceType: 'module' }) };
  } catch (error) {
    const { loc, message } = error as Error & { loc?: { line: number } };
    const what = message.replace(ACORN_PLACE, '');
    throw new ScriptError({ file: path, line: loc?.line ?? 0 }, `syntax error: ${what}`, error);
  }
}

function stripped(path: string, source: string): string {
  const emitWarning = process.emitWarning.bind(process);
  try {
    // Node would print a warning on stderr that the function is experimental.
    process.emitWarning = () => undefined;
    return stripTypeScriptTypes(source, { mode: 'strip' });
  } catch (error) {
    const { message, stack = '', code } = error as Error & { code?: string };
    const what =
      code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
        ? `${message}; only types that can be stripped are supported`
        : `syntax error: ${message}`;
    // Only the head of the stack has the place: `:LINE`, then the text of that line.
    const line = Number(/^[^\n]*:(\d+)\n/.exec(stack)?.[1] ?? 0);
    throw new ScriptError({ file: path, line }, what, error);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The line of a node, from 1. */
export function lineOf(module: ParsedModule, node: { start: number }): number {
  let line = 1;
  for (let at = module.code.indexOf('\n'); at >= 0 && at < node.start; at = module.code.indexOf('\n', at + 1))
    line++;
  return line;
}

export function placeOf(module: ParsedModule, node: { start: number }): { file: string; line: number } {
  return { file: module.path, line: lineOf(module, node) };
}

/** A piece of the source for a message: on one line, at most 60 characters. */
export function excerpt(module: ParsedModule, node: { start: number; end: number }): string {
  const text = module.code.slice(node.start, node.end).replace(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The direct children of a node, in the order of the source. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = [];
  for (const value of Object.values(node) as unknown[]) {
    if (Array.isArray(value)) found.push(...value.filter(isNode));
    else if (isNode(value)) found.push(value);
  }
  return found;
}

function isNode(value: unknown): value is AnyNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { type?: unknown }).type === 'string' &&
    typeof (value as { start?: unknown }).start === 'number'
  );
}
