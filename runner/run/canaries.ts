import { removeCanaries } from '../../probes/application/removal.ts';
import type { Removal } from '../../probes/application/removal.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { createsThroughEdge } from '../../suites/catalogue/requirements.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { edgeTarget } from '../targets/edge-target.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';

/** Before the checks: what an interrupted run left. After them: what this one made. */
type When = 'before' | 'after';

interface Removing {
  planned: readonly Pick<PlannedCheck, 'row'>[];
  when: When;
  signal: AbortSignal;
}

/**
 * Removes what canaries created through the edge, where a check of the run creates something and the environment says how. Never throws but
 * for the signal: a canary that stays is said, and changes no verdict.
 * @returns a line for people; null: there is nothing to say
 */
export async function removeCanariesOf(
  runner: Pick<RunnerCore, 'runState' | 'application'>,
  { planned, when, signal }: Removing,
): Promise<string | null> {
  const { environment } = runner.runState;
  const { application } = environment;
  if (application === undefined || environment.readOnly === true) return null;
  const { draft, find, remove } = application.requests;
  if (!planned.some(({ row }) => createsThroughEdge(row, draft))) return null;
  const isSure = planned.some(({ row }) => createsThroughEdge(row));
  if (find === undefined || remove === undefined)
    return when === 'before'
      ? null
      : `What ${isSure ? 'canaries' : 'drafts may have'} created through the edge stays there, with titles that begin with "${application.canaries.prefix}": application.requests.find and remove are not declared.`;
  try {
    const target = await edgeTarget(runner);
    const removal = await removeCanaries(
      target,
      { find, remove },
      {
        deadlineMs: timeoutMsOf(environment, 'canariesRemoved'),
        answerMs: timeoutMsOf(environment, 'edgeRequest'),
        signal,
      },
    );
    return lineOf(removal, when, target.prefix);
  } catch (error) {
    signal.throwIfAborted();
    return `canaries created through the edge were not looked for: ${errorText(error)}`;
  }
}

function lineOf({ removed, left, trouble, ...seen }: Removal, when: When, prefix: string): string | null {
  // Before the checks it is too early: the end of the run looks again.
  const unseen = when === 'after' ? seen.unseen : '';
  const parts = [
    ...(removed > 0
      ? [`${removed} removed${when === 'before' ? ', which an earlier run had left' : ''}`]
      : []),
    ...(left > 0 ? [`${left} could not be removed`] : []),
    ...[trouble, unseen].filter((text) => text !== ''),
  ];
  if (parts.length === 0) return null;
  const where = left > 0 || trouble + unseen !== '' ? ` (their titles begin with "${prefix}")` : '';
  return `canaries created through the edge: ${parts.join('; ')}${where}`;
}

/** The same for a run with these checks, said by `note`. */
export function canaryRemoval(
  runner: Pick<RunnerCore, 'runState' | 'application'>,
  planned: Removing['planned'],
  note: (line: string) => void,
): (when: When, signal: AbortSignal) => Promise<void> {
  return async (when, signal) => {
    const line = await removeCanariesOf(runner, { planned, when, signal });
    if (line !== null) note(line);
  };
}
