import { stripTypeScriptTypes } from 'node:module';
import { Parser } from 'acorn';
import type { AnyNode, Program } from 'acorn';
import { ScriptError } from './errors.ts';

/** One file of a script, without its types. Every position in it is one of the file as it was written. */
export interface ParsedModule {
  /** Absolute path. */
  path: string;
  code: string;
  ast: Program;
}

/** Acorn says where in the message too, and its lines begin at 1. */
const ACORN_PLACE = / \(\d+:\d+\)$/;

/** A name that is exported and declared nowhere is a type: its declaration went away with the types. */
class TypeScriptParser extends Parser {
  /** Acorn's own: refuses such a name. */
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
    // Node calls the function experimental, on stderr, in the middle of what people read.
    process.emitWarning = () => undefined;
    return stripTypeScriptTypes(source, { mode: 'strip' });
  } catch (error) {
    const { message, stack = '', code } = error as Error & { code?: string };
    const what =
      code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
        ? `${message}; only types that can be stripped are supported`
        : `syntax error: ${message}`;
    // Nothing but the head of the stack says where: `:LINE`, then the line itself.
    const line = Number(/^[^\n]*:(\d+)\n/.exec(stack)?.[1] ?? 0);
    throw new ScriptError({ file: path, line }, what, error);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** From 1. */
export function lineOf(module: ParsedModule, node: { start: number }): number {
  let line = 1;
  for (let at = module.code.indexOf('\n'); at >= 0 && at < node.start; at = module.code.indexOf('\n', at + 1))
    line++;
  return line;
}

export function placeOf(module: ParsedModule, node: { start: number }): { file: string; line: number } {
  return { file: module.path, line: lineOf(module, node) };
}

/** A piece of the source as it stands in a message: one line, at most 60 characters. */
export function excerpt(module: ParsedModule, node: { start: number; end: number }): string {
  const text = module.code.slice(node.start, node.end).replace(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The nodes directly below one, in the order of the source. */
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
