import type { Handlers } from '../session.ts';
import { RequestError } from '../session.ts';
import type { Engine } from '../engine.ts';
import { headerSettings, sizeOf } from '../environment-parts.ts';
import { judgeCheck } from '../judging.ts';
import { checkFolderName, trialFolder } from '../run-folder.ts';
import { appendToTrial, openTrial, type HeaderSource } from '../trials.ts';

type Methods = Pick<Handlers, 'check.begin' | 'check.end' | 'lock.acquire' | 'progress.event'>;

/** Everything of a check that the runner needs to open one of its trials. */
export function headerSource(engine: Engine, check: string): HeaderSource {
  const planned = engine.planned.get(check);
  if (!planned) throw new RequestError(`${check} is not in the plan`, 'crash');
  const { environment } = engine.parts;
  const overrides = engine.overrides.get(check);
  return {
    check,
    environment: environment.name,
    size: sizeOf(environment),
    goals: { ...planned.goals, ...overrides?.goals },
    settings: { ...headerSettings(check, environment), ...overrides?.settings },
  };
}

export function checkMethods(engine: Engine): Methods {
  const startedAt = new Map<string, number>();
  return {
    'lock.acquire': async ({ check, mode }, call) => {
      engine.parts.progress.step(check, 'waiting for its turn');
      await engine.lock.acquire(check, mode, call.signal);
      startedAt.set(check, Date.now());
      return null;
    },
    'check.begin': async ({ check, trial }) => {
      const source = headerSource(engine, check);
      const folder = await openTrial(engine.histories, trial, source);
      return { folder, goals: source.goals, settings: source.settings };
    },
    'check.end': async ({ check, trials, steps, crash }) => {
      const began = startedAt.get(check) ?? Date.now();
      await endCheck(engine, check, { trials, crash });
      const judgement = await judgeCheck(engine.histories, check);
      engine.outcomes.set(check, {
        judgement,
        steps,
        startedAt: new Date(began).toISOString(),
        durationMs: Date.now() - began,
        apiCalls: engine.calls.of(check),
        history: `histories/${checkFolderName(check)}`,
      });
      engine.parts.progress.ended(check, judgement);
      return judgement;
    },
    'progress.event': (event) => {
      if (event.event === 'error') engine.complaints.push(event.detail ?? 'unknown error of Playwright');
      else if (event.event === 'step' && event.check !== undefined) engine.parts.progress.step(event.check, event.detail ?? '');
      return Promise.resolve(null);
    },
  };
}

/** Stops and undoes what the check left, gives the lock on, and puts a crash where the judge will find it. */
async function endCheck(engine: Engine, check: string, how: { trials: number; crash?: string | undefined }): Promise<void> {
  await engine.abandon(check);
  if (how.crash === undefined) return;
  const message = `the check crashed: ${how.crash}`;
  const folder =
    how.trials > 0
      ? trialFolder(engine.histories, check, how.trials)
      : await openTrial(engine.histories, 1, headerSource(engine, check));
  await appendToTrial(folder, [{ kind: 'runner-verdict', verdict: 'inconclusive', message }]);
}
