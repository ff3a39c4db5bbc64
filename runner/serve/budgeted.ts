import type { ServedRunner } from './served.ts';
import type { Handlers } from './handlers.ts';

type Methods = Pick<Handlers, 'fault.inject' | 'fault.restore'>;

/** Accounts for the error budget of every fault: refuses one that costs too much, and undoes a lasting one that comes to cost too much. */
export function budgeted(runner: ServedRunner, methods: Methods): Methods {
  const { runState, budget, clientLoads } = runner;
  const { safety } = runner.parts;
  return {
    ...methods,
    'fault.inject': async (params, call) => {
      const { check, trial, fault, target } = params;
      const { goals, settings } = runState.headerSource(check);
      const refusal = await budget.begin(
        {
          check,
          folder: runState.trialFolder(check, trial),
          goals,
          ratePerSecond: clientLoads.rateOf(check),
          fault,
          target,
          holdMs: settings.failover?.holdMs,
        },
        {
          restore: () => safety.restore({ check, access: 'fault' }),
          notice: (line) => runState.progress.say(`  ${line}`),
        },
      );
      if (refusal !== null) return { target: 'none', landedAtMs: null, proof: refusal };
      return methods['fault.inject'](params, call);
    },
  };
}
