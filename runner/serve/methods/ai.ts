import { tellStandIn } from '../../../probes/ai/stand-in.ts';
import type { Params, Result } from '../../../suites/harness/protocol.ts';
import { recordJobs } from '../../ask/ai-jobs.ts';
import { embeddedOf, timeoutMsOf } from '../../plan/environment-parts.ts';
import { scanLogs } from '../../ask/log-scan.ts';
import type { Call, Handlers } from '../session.ts';
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

/** The rollback is its behaviour at rest, recorded before the behaviour is changed. */
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
  let unavailable: string | undefined;
  await runner.parts.safety.perform({
    check,
    title,
    access: 'canary',
    rollbacks: [{ kind: 'stand-in', url, rest, embedded }],
    act: async () => {
      try {
        const deadlineMs = timeoutMsOf(environment, 'edgeRequest');
        await tellStandIn(url, { ...rest, ...behaviour }, { deadlineMs, signal });
      } catch (error) {
        signal.throwIfAborted();
        unavailable = errorText(error);
      }
    },
  });
  return unavailable === undefined ? {} : { unavailable };
}
