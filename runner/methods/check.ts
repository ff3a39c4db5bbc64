import type { RunnerVerdict } from '../book.ts';
import type { Handlers } from '../session.ts';
import type { ServedEngine } from './served.ts';

type Methods = Pick<Handlers, 'check.begin' | 'check.end' | 'lock.acquire' | 'progress.event'>;

export function checkMethods(engine: ServedEngine): Methods {
  const { book } = engine;
  return {
    'lock.acquire': async ({ check, mode }, call) => {
      book.progress.waits(check);
      await engine.lock.acquire(check, mode, call.signal);
      book.begun(check);
      return null;
    },
    'check.begin': async ({ check, trial }) => {
      const { goals, settings } = book.headerSource(check);
      const folder = await book.openTrial(check, trial);
      return { folder, goals, settings };
    },
    'check.end': async ({ check, steps, crash }) => {
      const interrupted = engine.parts.signal.aborted || engine.parts.safety.stopped.aborted;
      // Stopped and undone before it is judged: the next check must find the environment as it was.
      await engine.abandon(check);
      const own = crash === undefined ? null : crashVerdict(crash, interrupted);
      return (await book.conclude(check, own, steps)).judgement;
    },
    'progress.event': (event) => {
      if (event.event === 'error') engine.complaints.push(event.detail ?? 'unknown error of Playwright');
      else if (event.event === 'step' && event.check !== undefined)
        book.progress.step(event.check, event.detail ?? '');
      return Promise.resolve(null);
    },
  };
}

function crashVerdict(crash: string, interrupted: boolean): RunnerVerdict {
  const said: RunnerVerdict = { verdict: 'inconclusive', message: `the check crashed: ${crash}` };
  return interrupted ? said : { ...said, crashed: true };
}
