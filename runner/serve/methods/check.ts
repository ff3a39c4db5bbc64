import type { NewObservation } from '../../../probes/history.ts';
import type { RunnerVerdict } from '../../state/run-state.ts';
import { appendToTrial } from '../../state/trials.ts';
import type { Handlers } from '../session.ts';
import type { ServedRunner } from '../served.ts';

type Methods = Pick<Handlers, 'check.begin' | 'check.end' | 'lock.acquire' | 'progress.event'>;

export function checkMethods(runner: ServedRunner): Methods {
  const { runState } = runner;
  return {
    'lock.acquire': async ({ check, mode }, call) => {
      runState.progress.waits(check);
      await runner.lock.acquire(check, mode, call.signal);
      runState.begun(check);
      return null;
    },
    'check.begin': async ({ check, trial }) => {
      runner.parts.safety.beginCheck(check);
      const { goals, settings } = runState.headerSource(check);
      const folder = await runState.openTrial(check, trial);
      return { folder, goals, settings };
    },
    'check.end': async ({ check, trials, steps, crash, refused }) => {
      const interrupted = runner.parts.signal.aborted || runner.parts.safety.stopped.aborted;
      // Stopped and undone before it is judged: the next check must find the environment as it was.
      await runner.abandon(check);
      if (refused === undefined) {
        const own = crash === undefined ? null : crashVerdict(crash, interrupted);
        await runState.conclude(check, own, steps);
        return null;
      }
      const noFault: NewObservation = { kind: 'no-fault', reason: refused };
      await appendToTrial(runState.trialFolder(check, trials), [noFault], runState.redact);
      await runState.conclude(check, { verdict: 'inconclusive', message: refused }, steps);
      return null;
    },
    'progress.event': (event) => {
      if (event.event === 'error') runner.complaints.push(event.detail);
      else runState.progress.step(event.check, event.detail);
      return Promise.resolve(null);
    },
  };
}

function crashVerdict(crash: string, interrupted: boolean): RunnerVerdict {
  const said: RunnerVerdict = { verdict: 'inconclusive', message: `the check crashed: ${crash}` };
  return interrupted ? said : { ...said, crashed: true };
}
