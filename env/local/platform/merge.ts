/** A mapping of YAML or JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export function isMapping(node: unknown): node is Fields {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

type Named = Fields & { readonly name: string };

function isNamedList(node: unknown): node is readonly Named[] {
  return (
    Array.isArray(node) && node.every((item: unknown) => isMapping(item) && typeof item['name'] === 'string')
  );
}

/**
 * One mapping changed by another: mappings are merged field by field, lists of things with names by name (what is new comes last), anything else is
 * replaced. Of kubectl's strategic merge this is what manifests here need.
 */
export function mergeInto(base: Fields, change: Fields): Fields {
  const changed = Object.entries(change).map(([key, value]) => [key, merged(base[key], value)] as const);
  return { ...base, ...Object.fromEntries(changed) };
}

function merged(base: unknown, change: unknown): unknown {
  if (isMapping(base) && isMapping(change)) return mergeInto(base, change);
  if (isNamedList(base) && isNamedList(change)) return mergeLists(base, change);
  return change;
}

function mergeLists(base: readonly Named[], change: readonly Named[]): Named[] {
  const items = new Map(base.map((item) => [item.name, item]));
  for (const item of change)
    items.set(item.name, { ...mergeInto(items.get(item.name) ?? {}, item), name: item.name });
  return [...items.values()];
}
