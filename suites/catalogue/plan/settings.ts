import { managerOf } from '../../../probes/declared-stores.ts';
import { rowOf } from '../rows.ts';
import type { CheckSettings } from '../check-settings.ts';
import { traitsOf } from '../../../env/providers/declared.ts';
import type { Environment, TimeoutName } from '../../../env/schema.ts';

/** Keys whose value is, or may contain, a secret or its source. */
const SECRET = new Set(['password', 'admin', 'token']);
const NONE: ReadonlySet<string> = new Set();

/**
 * The settings at the start of a check's history: all that its observer and its judge may know about the environment besides the
 * goals. Flat, so that a control can replace a single key. Holds no secret: sources of passwords are left out.
 */
export function settingsFor(check: string, environment: Environment): CheckSettings {
  const { kind, readOnly, cluster, apiAddress, namespaces, stores, drills } = environment;
  const timeouts = Object.fromEntries(
    Object.entries(environment.timeouts).map(([name, wait]) => [name, wait.seconds * 1000]),
  ) as Record<TimeoutName, number>;
  const { instance, size } = traitsOf({ cluster });
  return withoutSecrets({
    kind,
    ...(readOnly === true && { readOnly }),
    ...(instance !== undefined && { embedded: instance }),
    ...(size !== undefined && { size }),
    ...(apiAddress !== undefined && { apiAddress }),
    namespaces,
    timeouts,
    stores: managed(stores),
    drills,
    ...rowOf(check)?.reads(environment),
  });
}

/** Each store with the name of its manager: a judge need not know the keys that declare managers. */
function managed(stores: Environment['stores']): CheckSettings['stores'] {
  return Object.fromEntries(
    Object.entries(stores).map(([name, declared]) => {
      const manager = managerOf(name, declared);
      return [name, { ...declared, ...(manager !== null && { manager }) }];
    }),
  );
}

/** Below these, keys are names that people chose, and no value is a secret: paths of clients, labels. */
const CHOSEN = new Set(['paths', 'labels', 'durability']);

/** Removes secrets at any depth: a part of a store may have a password of its own. */
function withoutSecrets<T>(value: T): T {
  const copy = structuredClone(value);
  dropSecrets(copy, SECRET);
  return copy;
}

function dropSecrets(value: unknown, secret: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (secret.has(key)) Reflect.deleteProperty(value, key);
    else dropSecrets(inner, CHOSEN.has(key) ? NONE : SECRET);
  }
}
