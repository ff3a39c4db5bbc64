/** What this check alone records. */
import { z } from 'zod';
import { kinds } from '../../../reports/record/observations/kinds.ts';

/** A rule of a role, as it stands there. */
const rule = z.strictObject({
  groups: z.array(z.string()),
  resources: z.array(z.string()),
  names: z.array(z.string()),
  verbs: z.array(z.string()),
});

export const OBSERVES = kinds({
  /** How much was read: every cluster has some roles and bindings. `grants` is how many lines of that kind follow from them. */
  'roles-read': { roles: z.int(), bindings: z.int(), grants: z.int() },
  /** The account (`namespace/name`) of a declared workload's pods, and whether they are given its token. */
  'workload-account': { workload: z.string(), account: z.string(), token: z.boolean() },
  /** What a binding gives to an account, or to `nobody`, who has no credentials. `namespace` is null: everywhere; `rules` are null: its role is not there. */
  grant: {
    account: z.string(),
    by: z.string(),
    namespace: z.string().nullable(),
    rules: z.array(rule).nullable(),
  },
});

declare module '../../../reports/record/observations/index.ts' {
  interface Kinds extends Readonly<typeof OBSERVES> {}
}
