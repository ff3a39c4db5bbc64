/**
 * Parses `http_req_duration{scenario:steady, name:"read it"}`.
 * @throws Error when the braces or a tag are malformed
 */
export function parseMetricName(text: string): {
  name: string;
  tags: (readonly [name: string, value: string])[];
} {
  const open = text.indexOf('{');
  if (open < 0) return { name: text.trim(), tags: [] };
  if (!text.trimEnd().endsWith('}')) throw new Error(`metric ${JSON.stringify(text)}: the { is never closed`);
  const inside = text
    .trimEnd()
    .slice(open + 1, -1)
    .trim();
  const tags = inside === '' ? [] : inside.split(',').map((one) => parseTag(text, one));
  return { name: text.slice(0, open).trim(), tags };
}

function parseTag(text: string, tag: string): readonly [string, string] {
  const colon = tag.indexOf(':');
  if (colon < 0)
    throw new Error(`metric ${JSON.stringify(text)}: the tag ${JSON.stringify(tag)} has no value`);
  const unquote = (part: string): string => part.trim().replace(/^(["'])(.*)\1$/, '$2');
  return [unquote(tag.slice(0, colon)), unquote(tag.slice(colon + 1))];
}
