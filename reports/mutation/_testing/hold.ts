/** For unit tests of judges: a made-up passing history taken apart as the stored ones are. */
import { annotationsOf, judgeOf } from '../../judge/index.ts';
import type { History } from '../../record/history.ts';
import { takeApart } from '../take-apart.ts';

/** What of the history the judge of its check does not notice, one line a field and operator: `kind.field: number × 0`. */
export function survivorsOf(history: History, seed = 1): string[] {
  const { check } = history.header;
  const judge = judgeOf(check);
  if (judge === undefined) throw new Error(`no judge for ${check}`);
  const files = new Map(history.observations.map((seen) => [seen, 'check.ndjson']));
  const { refused, survivors } = takeApart(
    { check, trials: [{ history, files }], judge, annotations: annotationsOf(check) },
    { seed, isOver: () => false, choices: false },
  );
  if (refused !== null) throw new Error(`the history does not pass as it is: ${refused}`);
  return [...new Set(survivors.map(({ path, operator }) => `${path}: ${operator}`))].toSorted();
}
