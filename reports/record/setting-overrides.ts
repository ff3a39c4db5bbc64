/** Settings that a role, a database, or a role in a database has in place of the server's: sessions of others do not show them. */
import { z } from 'zod';

/** Whose it is; both null: every role's, in every database. */
export const settingOverride = z.strictObject({
  role: z.string().nullable(),
  database: z.string().nullable(),
});
export type SettingOverride = z.infer<typeof settingOverride>;

/** `role app in database tender` */
export function overrideText({ role, database }: SettingOverride): string {
  if (database === null) return role === null ? 'every role' : `role ${role}`;
  return role === null ? `database ${database}` : `role ${role} in database ${database}`;
}

/** Why a value that was read is not known to be the server's own. */
export function hiddenText(hiddenBy: string, value: string): string {
  return `what the server itself has does not show: ${hiddenBy} has set ${value} for who asked`;
}

interface Declared {
  role?: string | undefined;
  database?: string | undefined;
  reason: string;
}

/** Why an override may have any value, as the environment file says it; null: it does not. What the file leaves out is any. */
export function overrideReason(
  { role, database }: SettingOverride,
  declared: readonly Declared[] = [],
): string | null {
  const found = declared.find(
    (one) =>
      (one.role !== undefined || one.database !== undefined) &&
      (one.role === undefined || one.role === role) &&
      (one.database === undefined || one.database === database),
  );
  return found?.reason ?? null;
}
