import { askMembers, changePatroni } from '../../../_breaking/patroni.ts';
import { controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

export const controls = controlsFor('topology/storage/durability', {
  'fsync-off': {
    title: "PostgreSQL's fsync is off",
    seen: /fsync.*expected on, seen off/,
    break: (ctx) =>
      changePatroni(
        ctx,
        { postgresql: { parameters: { fsync: 'off' } } },
        { what: 'every member to run with fsync off', probe: () => fsyncOff(ctx) },
      ),
  },
});

async function fsyncOff(ctx: ControlContext): Promise<true | null> {
  const seen = await askMembers<{ fsync: string }>(ctx, 'SHOW fsync');
  return seen.every(({ fsync }) => fsync === 'off') ? true : null;
}
