import { randomUUID } from 'node:crypto';
import { monoMs } from '../../host/clock.ts';
import type { CheckContext } from './context.ts';

/** Of five pods that are chosen by chance, each is among so many answers but for one time in 100,000. */
const LOOKS = 60;
/** At once, so that a slow service is not asked for minutes. */
const TOGETHER = 10;

/** Asks through the edge, over connections of their own, and records which pods answered; nothing where no header names them. */
export async function askWho(ctx: CheckContext): Promise<void> {
  const header = ctx.settings.application?.servedBy?.toLowerCase();
  if (header === undefined) return;
  const beganMs = monoMs();
  const found = new Map<string, number>();
  const look = async (): Promise<void> => {
    const seen = await ctx.runner.call('application.look', { check: ctx.id, correlationId: randomUUID() });
    const pod = 'answer' in seen && seen.answer.ok ? seen.answer.headers[header] : undefined;
    if (pod !== undefined && pod !== '') found.set(pod, (found.get(pod) ?? 0) + 1);
  };
  for (let asked = 0; asked < LOOKS; asked += TOGETHER)
    await Promise.all(Array.from({ length: TOGETHER }, look));
  const pods = [...found].map(([pod, answers]) => ({ pod, answers }));
  ctx.record('answered-by', { beganMs, asked: LOOKS, pods });
}
