import { missing, ok } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';

/** Checks that a profile requires and that would not run, for another reason than a permit: those are among the permits. */
export const checks: Kind = { name: 'checks', look };

function look({ environment, planned, running }: Situation): Promise<Item[]> {
  const lacking = planned.filter(
    ({ required, notRun }) =>
      environment.readOnly !== true && required && notRun !== null && notRun.by !== 'not-permitted',
  );
  return Promise.resolve([
    ok('planned checks', `${running.length} would run; \`plumbline list\` says why the others would not`),
    ...running.flatMap(({ row, cannotPass }) =>
      cannotPass === undefined
        ? []
        : [{ ...ok(row.id, `it runs, and cannot pass: ${cannotPass}`), notice: true as const }],
    ),
    ...lacking.map(({ row, notRun }) =>
      missing(
        row.id,
        `required, and would not run: ${notRun?.text ?? ''}`,
        'what it names; or its id under `optional` of the profile, with a reason',
      ),
    ),
  ]);
}
