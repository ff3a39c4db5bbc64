import type { ServedEngine } from './served.ts';
import type { Handlers } from '../session.ts';

type Methods = Pick<Handlers, 'fault.inject' | 'fault.restore'>;

/** No fault without an account of what it costs: refused where that is too much, undone early where it becomes too much. */
export function budgeted(engine: ServedEngine, methods: Methods): Methods {
  const { book, budget, workloads } = engine;
  const { safety } = engine.parts;
  return {
    ...methods,
    'fault.inject': async (params, call) => {
      const { check, trial } = params;
      const refusal = await budget.begin(
        {
          check,
          folder: book.trialFolder(check, trial),
          goals: book.headerSource(check).goals,
          ratePerSecond: workloads.rateOf(check),
        },
        {
          restore: () => safety.restore({ check, access: 'fault' }),
          notice: (line) => book.progress.say(`  ${line}`),
        },
      );
      if (refusal !== null) return { target: 'none', landedAtMs: null, proof: refusal };
      return methods['fault.inject'](params, call);
    },
  };
}
