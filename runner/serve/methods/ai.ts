import type { LlmBehaviour } from '../../../env/schema.ts';
import { tellStandIn } from '../../../probes/ai/stand-in.ts';
import type { Params, Result } from '../../../suites/harness/protocol.ts';
import { recordJobs } from '../../ask/ai-jobs.ts';
import { embeddedOf, timeoutMsOf } from '../../plan/environment-parts.ts';
import { scanLogs } from '../../ask/log-scan.ts';
import type { Call, Handlers } from '../handlers.ts';
import type { Rollback } from '../../safety/types.ts';
import type { ServedRunner } from '../served.ts';
import { errorText } from '../../../reports/record/error-text.ts';

type Methods = Pick<Handlers, 'ai.jobs' | 'ai.behave' | 'ai.rest' | 'ai.scanLogs'>;

/** The jobs of the AI service, and its language model. */
export function aiMethods(runner: ServedRunner): Methods {
  return {
    'ai.jobs': async (params, { signal }) => ({ detail: await recordJobs(runner, params, signal) }),
    'ai.behave': (params, call) => behave(runner, params, call),
    'ai.rest': async ({ check }) => {
      const { failed } = await runner.parts.safety.restore({ check, access: 'canary' });
      if (failed.length > 0) throw new Error(`not undone: ${failed.join('; ')}`);
      return null;
    },
    'ai.scanLogs': async (params, { signal }) => {
      await scanLogs(runner, params, signal);
      return null;
    },
  };
}

/**
 * The rollback is its behaviour at rest, recorded before the behaviour is changed. It is sent once before that: where the stand-in
 * refuses it or cannot be reached, nothing is changed and nothing recorded, since the rollback could not be done either. Both go through the guard.
 */
async function behave(
  runner: ServedRunner,
  { check, title, behaviour }: Params<'ai.behave'>,
  { signal }: Call,
): Promise<Result<'ai.behave'>> {
  const { environment } = runner.runState;
  const control = environment.ai?.llm.control;
  if (control === undefined) return { unavailable: 'the environment declares no ai.llm.control' };
  const embedded = embeddedOf(environment) !== undefined;
  // Set in every container of Kubernetes.
  if (!embedded && process.env['KUBERNETES_SERVICE_HOST'] !== undefined)
    return {
      unavailable:
        'Plumbline runs in a pod, with which the timer that would put the stand-in back is lost: run this check from a machine outside the cluster',
    };
  const { url, rest } = control;
  /** Why it was not told; undefined: it was. */
  const tell = async (
    told: LlmBehaviour,
    mutation: { title: string; rollbacks: Rollback[] },
  ): Promise<string | undefined> => {
    let failed: string | undefined;
    const act = async (): Promise<void> => {
      try {
        await tellStandIn(url, told, { deadlineMs: timeoutMsOf(environment, 'edgeRequest'), signal });
      } catch (error) {
        signal.throwIfAborted();
        failed = errorText(error);
      }
    };
    await runner.parts.safety.perform({ ...mutation, check, access: 'canary', act });
    return failed;
  };
  const rollbacks: Rollback[] = [{ kind: 'stand-in', url, rest, embedded }];
  const unavailable =
    (await tell(rest, { title: `${title}: first as it is at rest`, rollbacks: [] })) ??
    (await tell({ ...rest, ...behaviour }, { title, rollbacks }));
  return unavailable === undefined ? {} : { unavailable };
}
