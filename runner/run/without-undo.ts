import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { undoneIn } from '../doctor/own-objects.ts';
import type { KubeCall } from '../provider-safety.ts';
import { undoAccountOf, whyNotUndone } from '../safety/timers/undo-account.ts';

/**
 * Which of the checks make something that only the Job in the cluster would undo if this machine were gone, and why it would not: to be said before
 * anything is done. Empty where its account is there and may undo where they make it, or cannot be asked about now: then the
 * Job itself refuses, before the first of them acts.
 */
export async function withoutUndo(
  environment: Environment,
  planned: readonly PlannedCheck[],
  kube: KubeCall,
): Promise<Map<string, string>> {
  if (traitsOf(environment).ownedByUs || environment.readOnly === true) return new Map();
  const making = planned.flatMap((one) => {
    const namespaces = undoneIn(withoutAuto(environment), [one]);
    return namespaces.length === 0 ? [] : [{ id: one.row.id, namespaces }];
  });
  if (making.length === 0) return new Map();
  const account = await undoAccountOf(kube, environment.namespaces.system).catch(() => null);
  if (account === null) return new Map();
  return new Map(
    making.flatMap(({ id, namespaces }) => {
      const why = whyNotUndone(account, namespaces);
      return why === null ? [] : [[id, why] as const];
    }),
  );
}

/** `auto` goes on to another engine where the Job would not undo a load of the k6 operator. */
function withoutAuto(environment: Environment): Environment {
  const { operator: _, ...load } = environment.load;
  return environment.load.engine === 'auto' ? { ...environment, load } : environment;
}
