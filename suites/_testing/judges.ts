/** Judges of all checks, loaded at once: tests call them without waiting. */
import { judgeOver } from '../../reports/judge/definition.ts';
import type { Judge } from '../../reports/judge/definition.ts';
import { catalogue } from '../catalogue/index.ts';
import { judgeOf as loaded } from '../catalogue/loaded.ts';

const JUDGES = new Map(
  await Promise.all(
    catalogue().map(async ({ id }) => {
      const of = await loaded(id);
      return [id, of === undefined ? undefined : judgeOver(of)] as const;
    }),
  ),
);

export function judgeOf(check: string): Judge | undefined {
  return JUDGES.get(check);
}
