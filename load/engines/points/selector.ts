/** Sub-metrics by tags, as thresholds name them: `http_req_duration{name:read,status:200}`. */

export interface Selector {
  /** The text as written in the threshold. */
  key: string;
  metric: string;
  tags: readonly (readonly [name: string, value: string])[];
}

const unquoted = (text: string): string => text.trim().replace(/^["']+|["']+$/g, '');

/**
 * Parses the name of a metric with its tags. Spaces and quotes around names and values are ignored; a value may contain colons.
 * @throws Error with the name and what is wrong with it
 */
export function selectorOf(key: string): Selector {
  const open = key.indexOf('{');
  if (open === -1 && !key.includes('}')) return { key, metric: key, tags: [] };
  if (open < 1 || !key.endsWith('}'))
    throw new Error(`metric "${key}": expected NAME or NAME{TAG:VALUE,…}, with the "}" at its end`);
  const tags = key
    .slice(open + 1, -1)
    .split(',')
    .map((part) => {
      const colon = part.indexOf(':');
      if (colon < 1) throw new Error(`metric "${key}": expected TAG:VALUE, not "${part.trim()}"`);
      return [unquoted(part.slice(0, colon)), unquoted(part.slice(colon + 1))] as const;
    });
  return { key, metric: key.slice(0, open), tags };
}

/** Whether a sample with these tags belongs to the sub-metric. A tag that is absent counts as empty. */
export function selects(selector: Selector, tags: Readonly<Record<string, string>>): boolean {
  return selector.tags.every(([name, value]) => (tags[name] ?? '') === value);
}
