/** The AI service and the stand-in for its model, as controls change them. */
import type { AiSettings, LlmBehaviour } from '../../env/schema.ts';
import { tellStandIn } from '../../probes/ai/stand-in.ts';
import type { ControlContext } from '../harness/control.ts';

const ANSWER_MS = 10_000;

/** @throws Error where the environment declares no AI service: then there is nothing to break */
export function aiOf(ctx: ControlContext): AiSettings {
  const { ai } = ctx.environment;
  if (ai === undefined) throw new Error('the environment has no AI service: provision it with --with …,ai');
  return ai;
}

/** Changes the behaviour of the stand-in until the control is over. */
export async function changeModel(
  ctx: ControlContext,
  title: string,
  behaviour: (rest: LlmBehaviour) => Partial<LlmBehaviour>,
): Promise<void> {
  const { control } = aiOf(ctx).llm;
  if (control === undefined) throw new Error('the environment declares no ai.llm.control');
  const { url, rest } = control;
  await ctx.actWithRollback({
    title,
    rollback: { kind: 'stand-in', url, rest, embedded: true },
    act: () =>
      tellStandIn(url, { ...rest, ...behaviour(rest) }, { deadlineMs: ANSWER_MS, signal: ctx.signal }),
  });
}
