/** What kinds of one source of telemetry have in common: a section of an environment file with the keys of all of them. */
import { z } from 'zod';
import type { SignalAddress } from './web.ts';

/** One product that may be declared under `kind`. */
export interface SignalKind {
  kind: string;
  /** Its name for people. */
  label: string;
  /** The version that has answered its adapter; null: it follows the documentation alone, and reports say that it is not met yet. */
  metWith: string | null;
  /** Keys that its section has beside those of every kind. A default is the adapter's own, and said in the description. */
  own: Readonly<Record<string, z.ZodOptional>>;
}

/** For `kind`. */
export function kindNames(kinds: readonly SignalKind[]): z.ZodEnum<Record<string, string>> {
  return z.enum(kinds.map(({ kind }) => kind));
}

/** The keys of every kind, for one strict object. Of keys with one name the first description counts. */
export function ownKeys(kinds: readonly SignalKind[]): Record<string, z.ZodOptional> {
  const keys: Record<string, z.ZodOptional> = {};
  for (const { own } of kinds)
    for (const [key, schema] of Object.entries(own))
      keys[key] ??= schema.describe(`Only with kind ${havingOf(kinds, key)}: ${schema.description ?? ''}`);
  return keys;
}

function havingOf(kinds: readonly SignalKind[], key: string): string {
  return kinds
    .filter(({ own }) => key in own)
    .map(({ kind }) => kind)
    .join(', ');
}

/** Refuses a key that only other kinds have. */
export function ownKeysOnly(
  kinds: readonly SignalKind[],
): (given: { kind: string }, context: z.RefinementCtx) => void {
  return (given, context) => {
    const own = kinds.find(({ kind }) => kind === given.kind)?.own ?? {};
    for (const key of Object.keys(ownKeys(kinds))) {
      if (key in own || (given as Record<string, unknown>)[key] === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `no such key with kind ${given.kind}; it belongs to ${havingOf(kinds, key)}`,
      });
    }
  };
}

/** @throws Error for a kind that no list has: then the environment was not read by its schema */
export function kindOf<K extends SignalKind>(kinds: readonly K[], name: string): K {
  const found = kinds.find(({ kind }) => kind === name);
  if (found === undefined)
    throw new Error(`no kind "${name}"; there are ${kinds.map(({ kind }) => kind).join(', ')}`);
  return found;
}

/** The header by which servers of Grafana's make (Loki, Tempo, Mimir) are told whose data is meant. */
const TENANT_HEADER = 'X-Scope-OrgID';

export const tenant = z
  .string()
  .min(1)
  .regex(/^[\x21-\x7e]+$/, 'printable ASCII without blanks: it is sent in a header')
  .optional()
  .describe(`whose data is meant, where the server has several tenants; sent as ${TENANT_HEADER}`);

/** The same for a section whose kinds have no keys of their own. */
export const sectionTenant = tenant.describe(
  `Whose data is meant, where the server has several tenants (Mimir, Cortex); sent as ${TENANT_HEADER}`,
);

export function withTenant(address: SignalAddress, name: string | undefined): SignalAddress {
  if (name === undefined) return address;
  return { ...address, headers: { ...address.headers, [TENANT_HEADER]: name } };
}
