/** Searches after a failover: what was found before must be found again, through the Service and in every copy. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../../harness/context.ts';
import { saidOf, steadyBefore } from '../_trial/at-rest.ts';
import { asBefore, trial } from '../_trial/trial.ts';

/** The store's own checks cover the other faults. */
const FAULT = 'pod-crash';

/** Asks the store that answers such questions before and after its failover. */
export async function observe(ctx: CheckContext, store: string): Promise<void> {
  const { id, runner } = ctx;
  const named = { check: id, store };
  let target = 'leader';
  await trial(ctx, {
    rest: () => steadyBefore(ctx, store),
    load: async () => {
      const { leader, expected } = await ctx.step('create the data that the questions are about', () =>
        runner.call('query.prepare', { ...named, timeoutMs: ctx.timeoutMs('steadyState') }),
      );
      ctx.record('query-expected', { answers: expected, leader });
      target = leader ?? target;
      await ask(ctx, { ...named, of: 'members', when: 'before' }, ctx.timeoutMs('storeOperation'));
      await ask(ctx, { ...named, of: 'clients', when: 'before' }, ctx.timeoutMs('storeOperation'));
      return true;
    },
    aim: () =>
      ctx.step(`inject ${FAULT} into ${target}, which leads that data`, () =>
        runner.call('fault.inject', { ...named, fault: FAULT, target, trial: ctx.trial }),
      ),
    recovered: async ({ landedAtMs }) => {
      if (landedAtMs === null) return;
      await waitToAsk(ctx);
      await ask(ctx, { ...named, of: 'clients', when: 'after' }, ctx.timeoutMs('rtoDeadline'));
    },
    afterwards: async () => {
      const healed = await ctx.step('wait until all members have rejoined', () =>
        runner.call('store.steady', { ...named, timeoutMs: ctx.timeoutMs('membersRejoined') }),
      );
      ctx.record('steady-after', saidOf(healed));
      await ask(ctx, { ...named, of: 'members', when: 'healed' }, ctx.timeoutMs('settle'));
      await asBefore(ctx);
    },
    stop: [],
    remove: () => runner.call('query.remove', named),
  });
}

/** Set by controls only, which break the recovered store before its first query. */
async function waitToAsk(ctx: CheckContext): Promise<void> {
  const { askAfterMs = 0 } = ctx.settings.query ?? {};
  if (askAfterMs === 0) return;
  await ctx.step(`wait ${askAfterMs / 1000} s before asking`, () =>
    sleep(askAfterMs, undefined, { signal: ctx.signal }),
  );
}

interface Asking {
  check: string;
  store: string;
  of: 'clients' | 'members';
  when: 'before' | 'after' | 'healed';
}

async function ask(ctx: CheckContext, { when, ...asking }: Asking, timeoutMs: number): Promise<void> {
  const who = asking.of === 'clients' ? 'as applications do' : 'every member for its own copy';
  const seen = await ctx.step(
    `ask ${who}: ${when === 'healed' ? 'after healing' : `${when} the fault`}`,
    () => ctx.runner.call('query.ask', { ...asking, timeoutMs }),
  );
  ctx.record('query-answers', { when, of: asking.of, ...seen });
}
