import { askMembers, changePatroni } from '../../../_breaking/patroni.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'topology/storage/durability/fsync-off',
    check: 'topology/storage/durability',
    verdict: 'fail',
    size: 'any',
    title: "PostgreSQL's fsync is off",
    expectSeen: /fsync.*expected on, seen off/,
    break: (ctx) =>
      changePatroni(
        ctx,
        { postgresql: { parameters: { fsync: 'off' } } },
        { what: 'every member to run with fsync off', probe: () => fsyncOff(ctx) },
      ),
  },
];

async function fsyncOff(ctx: ControlContext): Promise<true | null> {
  const seen = await askMembers<{ fsync: string }>(ctx, 'SHOW fsync');
  return seen.every(({ fsync }) => fsync === 'off') ? true : null;
}
