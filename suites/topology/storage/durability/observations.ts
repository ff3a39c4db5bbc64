/** What this check alone records. */
import { kinds } from '../../../../reports/record/observations/kinds.ts';
import { settingOverride } from '../../../../reports/record/setting-overrides.ts';
import { z } from 'zod';

export const OBSERVES = kinds({
  /** A durability setting; `member` is null for a setting of the whole cluster. */
  setting: {
    store: z.string(),
    member: z.string().nullable(),
    name: z.string(),
    value: z.string(),
    source: z.string(),
    /** Whose value it is, where others have it instead of the server's: beside the server's own. */
    override: settingOverride.optional(),
    /** What gave who asked a value of its own, this one, such as `ALTER ROLE plumbline`: what the server itself has does not show. */
    hiddenBy: z.string().optional(),
  },
});

declare module '../../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
