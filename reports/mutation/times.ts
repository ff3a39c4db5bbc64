/** Operators that move the times of one source by an hour, as a wrong clock of that source would. */
import type { History, Observation } from '../record/history/history.ts';
import { byKind, withObservations } from './mutant.ts';
import type { Mutant, Subject } from './mutant.ts';
import type { Json, Line } from './places.ts';
import { changedLines, kindOf } from './values.ts';
import type { Found } from './values.ts';

export const HOUR_MS = 3_600_000;
/** Numbers that mean a date from 2001 to 2065 in epoch ms are taken for wall-clock times. */
const WALL_MS = { from: 1e12, to: 3e12 };
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Moves the times `t` of each kind and of each file, and wall-clock times, an hour later and earlier. */
export function timesMoved(
  { trial: { history, files }, covered }: Subject,
  places: ReadonlyMap<string, readonly Found[]>,
): Mutant[] {
  const kinds = byKind(history.observations);
  const ofFiles = Map.groupBy(history.observations.keys(), (index) => fileOf(history, files, index));
  return [HOUR_MS, -HOUR_MS].flatMap((byMs) => [
    ...[...kinds].map(([kind, lines]) => movedLines(history, { path: `${kind}.t`, what: kind, lines, byMs })),
    // A single file holds every time: moving them all only makes the check begin later.
    ...[...(ofFiles.size > 1 ? ofFiles : [])].map(([file, lines]) =>
      movedLines(history, {
        path: `${history.observations[lines[0] ?? 0]?.kind ?? ''}.t`,
        what: file,
        lines,
        byMs,
      }),
    ),
    ...wallMoved(history, wallPaths(history, places), { kinds, byMs, covered }),
  ]);
}

function fileOf(history: History, files: ReadonlyMap<Observation, string>, index: number): string {
  const seen = history.observations[index];
  return (seen && files.get(seen)) ?? '';
}

interface Moved {
  path: string;
  what: string;
  lines: readonly number[];
  byMs: number;
}

function movedLines(history: History, { path, what, lines, byMs }: Moved): Mutant {
  return {
    operator: 'times moved',
    path,
    before: `t of ${what}`,
    after: `by ${signed(byMs)}`,
    make: () => {
      const changes = new Map<number, Line>();
      for (const index of lines) {
        const seen = history.observations[index];
        if (seen !== undefined) changes.set(index, { ...seen, t: seen.t + byMs });
      }
      return withObservations(history, changes, true);
    },
  };
}

function signed(byMs: number): string {
  return `${byMs > 0 ? '+' : '-'}1 h`;
}

/** Paths at which wall-clock times stand, by their kind. */
function wallPaths(history: History, places: ReadonlyMap<string, readonly Found[]>): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const [path, all] of places) {
    if (!all.some(({ value }) => isWallTime(value))) continue;
    const kind = kindOf(history, all);
    paths.set(kind, [...(paths.get(kind) ?? []), path]);
  }
  return paths;
}

interface WallMoved {
  kinds: ReadonlyMap<string, readonly number[]>;
  byMs: number;
  covered: Subject['covered'];
}

/** Each path alone, and all of a kind together. */
function wallMoved(
  history: History,
  wall: ReadonlyMap<string, readonly string[]>,
  { kinds, byMs, covered }: WallMoved,
): Mutant[] {
  return [...wall].flatMap(([kind, paths]) => {
    const lines = kinds.get(kind) ?? [];
    const needed = paths.filter((path) => !covered(path));
    const groups = [...paths.map((path) => [path]), ...(needed.length > 1 ? [needed] : [])];
    return groups.map((group) => ({
      operator: 'wall-clock times moved',
      path: group[0] ?? kind,
      before: group.join(', '),
      after: `by ${signed(byMs)}`,
      make: () =>
        withObservations(
          history,
          changedLines(history, lines, new Set(group), (value) => movedWall(value, byMs)),
        ),
    }));
  });
}

function isWallTime(value: Json): value is number | string {
  if (typeof value === 'number') return value > WALL_MS.from && value < WALL_MS.to;
  return typeof value === 'string' && ISO.test(value) && !Number.isNaN(Date.parse(value));
}

function movedWall(value: Json, byMs: number): Json {
  if (!isWallTime(value)) return value;
  return typeof value === 'number' ? value + byMs : new Date(Date.parse(value) + byMs).toISOString();
}
