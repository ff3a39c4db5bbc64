/** Searches after a failover: what was found before must be found again, through the Service and in every copy. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../../harness/context.ts';
import { notedAtRest, saidOf, steadyBefore } from '../_trial/at-rest.ts';

/** The store's own checks cover the other faults. */
const FAULT = 'pod-crash';

/** Asks the store that answers such questions before and after its failover. */
export async function observe(ctx: CheckContext, store: string): Promise<void> {
  const { id, trial } = ctx;
  const named = { check: id, store };
  if (!(await steadyBefore(ctx, store)) || !(await notedAtRest(ctx))) return;
  const { leader, expected } = await ctx.step('create the data that the questions are about', () =>
    ctx.runner.call('query.prepare', { ...named, timeoutMs: ctx.timeoutMs('steadyState') }),
  );
  ctx.record('query-expected', { answers: expected, leader });
  await ask(ctx, { ...named, of: 'members', when: 'before' }, ctx.timeoutMs('storeOperation'));
  await ask(ctx, { ...named, of: 'clients', when: 'before' }, ctx.timeoutMs('storeOperation'));
  try {
    const fault = { ...named, fault: FAULT, target: leader ?? 'leader', trial };
    const result = await ctx.step(`inject ${FAULT} into ${fault.target}, which leads that data`, () =>
      ctx.runner.call('fault.inject', fault),
    );
    if (result.landedAtMs === null) return;
    await waitToAsk(ctx);
    await ask(ctx, { ...named, of: 'clients', when: 'after' }, ctx.timeoutMs('rtoDeadline'));
    await ctx.step('undo what is left of the fault', () => ctx.runner.call('fault.restore', { check: id }));
    const healed = await ctx.step('wait until all members have rejoined', () =>
      ctx.runner.call('store.steady', { ...named, timeoutMs: ctx.timeoutMs('membersRejoined') }),
    );
    ctx.record('steady-after', saidOf(healed));
    await ask(ctx, { ...named, of: 'members', when: 'healed' }, ctx.timeoutMs('settle'));
    await ctx.step('see that roles and objects are as before', () =>
      ctx.runner.call('state.compare', { check: id, trial, timeoutMs: ctx.timeoutMs('membersRejoined') }),
    );
  } finally {
    await ctx.runner.call('fault.restore', { check: id });
    await ctx.runner.call('query.remove', named);
  }
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
