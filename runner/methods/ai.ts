import { tellStandIn } from '../../probes/ai/stand-in.ts';
import type { Params, Result } from '../../suites/harness/protocol.ts';
import { recordJobs } from '../ai-jobs.ts';
import { embeddedOf, timeoutMsOf } from '../environment-parts.ts';
import { scanLogs } from '../log-scan.ts';
import type { Call, Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';
import { errorText } from '../../reports/record/error-text.ts';

type Methods = Pick<Handlers, 'ai.jobs' | 'ai.behave' | 'ai.rest' | 'ai.scanLogs'>;

/** The jobs of the AI service, and its language model. */
export function aiMethods(engine: ServedEngine): Methods {
  return {
    'ai.jobs': async (params, { signal }) => ({ detail: await recordJobs(engine, params, signal) }),
    'ai.behave': (params, call) => behave(engine, params, call),
    'ai.rest': async ({ check }) => {
      const { failed } = await engine.parts.safety.restore({ check, access: 'canary' });
      if (failed.length > 0) throw new Error(`not undone: ${failed.join('; ')}`);
      return null;
    },
    'ai.scanLogs': async (params, { signal }) => {
      await scanLogs(engine, params, signal);
      return null;
    },
  };
}

/** What it does at rest is the inverse, recorded before it is told anything. */
async function behave(
  engine: ServedEngine,
  { check, title, behaviour }: Params<'ai.behave'>,
  { signal }: Call,
): Promise<Result<'ai.behave'>> {
  const { environment } = engine.book;
  const control = environment.ai?.llm.control;
  if (control === undefined) return { unavailable: 'the environment declares no ai.llm.control' };
  const { url, rest } = control;
  let unavailable: string | undefined;
  await engine.parts.safety.perform({
    check,
    title,
    access: 'canary',
    inverses: [{ kind: 'stand-in', url, rest, embedded: embeddedOf(environment) !== undefined }],
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
