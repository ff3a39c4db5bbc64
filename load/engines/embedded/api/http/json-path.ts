import { unsupported } from '../unsupported.ts';

/**
 * What `response.json(selector)` selects. k6 uses gjson's paths. Supported are names and indexes separated by dots, `\.` for a dot in a
 * name, `#` for the length of an array and `#.name` for the field `name` of each element.
 * @returns undefined when nothing matches
 * @throws TypeError naming a part of gjson that is not supported; the load fails with it
 */
export function select(value: unknown, selector: string): unknown {
  return follow(value, split(selector), selector);
}

function split(selector: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < selector.length; at++) {
    const char = selector.charAt(at);
    if (char === '\\') part += selector.charAt(++at);
    else if (char === '.') {
      parts.push(part);
      part = '';
    } else if (/[*?|@(!{[]/.test(char))
      throw unsupported(
        `json(${JSON.stringify(selector)}): '${char}' in a selector is not supported by the embedded engine (it has names, indexes and #)`,
      );
    else part += char;
  }
  return [...parts, part];
}

function follow(value: unknown, parts: readonly string[], selector: string): unknown {
  const [part, ...rest] = parts;
  if (part === undefined) return value;
  if (part === '#') return ofEach(value, rest, selector);
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value))
    return /^\d+$/.test(part) ? follow((value as unknown[])[Number(part)], rest, selector) : undefined;
  return Object.hasOwn(value, part)
    ? follow((value as Record<string, unknown>)[part], rest, selector)
    : undefined;
}

function ofEach(value: unknown, rest: readonly string[], selector: string): unknown {
  if (!Array.isArray(value)) return undefined;
  if (rest.length === 0) return value.length;
  return value.map((one) => follow(one, rest, selector)).filter((one) => one !== undefined);
}
