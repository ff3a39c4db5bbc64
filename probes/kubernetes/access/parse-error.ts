import { YAMLError } from 'yaml';
import { isRecord } from '../../../reports/record/is-record.ts';

/** What follows it in a reason is text of the file, such as the name of an alias, or the place and the lines around it. */
const QUOTED = / at line \d+|\s*!?["<\n]|: /;

/** Has the parser print no warnings: they quote lines as well. */
export const SILENT = { logLevel: 'error' } as const;

/**
 * Where a kubeconfig is no YAML, and why, for people; null: the error is of something else. The messages of both parsers, js-yaml of the library and
 * yaml, quote the lines around the place, which may be a token or a key: of the file nothing is said.
 */
export function parseErrorText(error: unknown): string | null {
  const found = error instanceof YAMLError ? byYaml(error) : byJsYaml(error);
  if (found === null) return null;
  const { line, column, reason } = found;
  const place = line === undefined ? '' : ` at line ${line}, column ${column ?? 1}`;
  return `not valid YAML${place}: ${reason.split(QUOTED)[0] ?? ''}`;
}

interface Found {
  /** From 1. */
  line: number | undefined;
  column: number | undefined;
  reason: string;
}

function byYaml({ message, linePos }: YAMLError): Found {
  return { line: linePos?.[0].line, column: linePos?.[0].col, reason: message };
}

/** By its name: js-yaml is no dependency of ours. Its lines and columns count from 0. */
function byJsYaml(error: unknown): Found | null {
  if (!(error instanceof Error) || error.name !== 'YAMLException') return null;
  const mark = 'mark' in error && isRecord(error.mark) ? error.mark : {};
  const { line, column } = mark;
  return {
    line: typeof line === 'number' ? line + 1 : undefined,
    column: typeof column === 'number' ? column + 1 : undefined,
    reason: 'reason' in error ? String(error.reason) : '',
  };
}
