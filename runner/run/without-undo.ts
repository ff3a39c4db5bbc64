import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { undoneIn } from '../doctor/own-objects.ts';
import type { KubeCall } from '../provider-safety.ts';
import { undoJobOf, whyNotUndone } from '../safety/timers/undo-account.ts';

/**
 * Which of the checks make something that only the Job in the cluster would undo if this machine were gone, and why it would not: to be said before
 * anything is done. Empty where it has an image and its account may undo where they make it, or neither can be asked about now:
 * then the Job itself refuses, before the first of them acts.
 */
export async function withoutUndo(
  environment: Environment,
  planned: readonly PlannedCheck[],
  kube: KubeCall,
): Promise<Map<string, string>> {
  if (traitsOf(environment).ownedByUs || environment.readOnly === true) return new Map();
  const making = planned.flatMap((one) => {
    const namespaces = undoneIn(environment, [one]);
    return namespaces.length === 0 ? [] : [{ id: one.row.id, namespaces }];
  });
  if (making.length === 0) return new Map();
  const of = { namespace: environment.namespaces.system, image: environment.drills.undoImage };
  const job = await undoJobOf(kube, of).catch(() => null);
  if (job === null) return new Map();
  return new Map(
    making.flatMap(({ id, namespaces }) => {
      const why = whyNotUndone(job, namespaces);
      return why === null ? [] : [[id, why] as const];
    }),
  );
}
