/** Compares the checks and goals that an environment file names with the catalogue. */
import type { Finding } from '../../../env/finding.ts';
import { FAULTS, STORES } from '../../../env/schema.ts';
import type { EnvironmentFile } from '../../../env/schema.ts';
import { closest } from '../../../env/suggest.ts';
import type { DataPath } from '../../../env/yaml-source.ts';
import { matchChecks, rowOf, suggestCheck } from '../rows.ts';

/** Globs that match no check, goals that a check does not have. */
export function checkFindings(file: EnvironmentFile): Finding[] {
  return [...globFindings(file), ...goalFindings(file), ...storeGoalFindings(file)];
}

function globFindings({ profiles, permits, topology }: EnvironmentFile): Finding[] {
  return [
    ...Object.entries(profiles).flatMap(([name, profile]) => [
      ...unmatchedGlobs(profile.checks, ['profiles', name, 'checks']),
      ...unmatchedGlobs(profile.required, ['profiles', name, 'required']),
      ...profile.optional.flatMap(({ checks }, index) =>
        unmatchedGlobs(checks, ['profiles', name, 'optional', index, 'checks']),
      ),
    ]),
    ...permits.flatMap((permit, index) => unmatchedGlobs(permit.checks, ['permits', index, 'checks'])),
    ...topology.workloads.flatMap((load, index) =>
      load.exempt.flatMap((exempt, number) =>
        unmatchedGlobs(exempt.checks, ['topology', 'workloads', index, 'exempt', number, 'checks']),
      ),
    ),
  ];
}

function unmatchedGlobs(globs: readonly string[], path: DataPath): Finding[] {
  const { unmatched } = matchChecks(globs);
  return globs.flatMap((glob, index): Finding[] => {
    if (!unmatched.includes(glob)) return [];
    const meant = suggestCheck(glob);
    return [
      {
        path: [...path, index],
        message: 'no check matches',
        found: `"${glob}"${meant === null ? '' : ` (did you mean "${meant}"?)`}`,
        allowed: 'a check id or a glob over ids; `plumbline list` shows all',
      },
    ];
  });
}

function goalFindings(file: EnvironmentFile): Finding[] {
  return Object.entries(file.goals).flatMap(([glob, goal]): Finding[] => {
    const { ids } = matchChecks([glob]);
    if (ids.length === 0) {
      return [{ path: ['goals', glob], at: 'key', message: 'no check matches', found: `"${glob}"` }];
    }
    const known = ids.reduce<Record<string, unknown>>(
      (before, id) => ({ ...before, ...rowOf(id)?.goals }),
      {},
    );
    return Object.entries(goal.values).flatMap(([name, value]) =>
      goalValue(['goals', glob, 'values', name], value, known),
    );
  });
}

function goalValue(path: DataPath, value: unknown, known: Record<string, unknown>): Finding[] {
  const name = String(path.at(-1));
  const names = Object.keys(known);
  if (!names.includes(name)) {
    const meant = closest(name, names);
    const found = `"${name}"${meant === null ? '' : ` (did you mean "${meant}"?)`}`;
    return [
      { path, at: 'key', message: 'the check has no such goal', found, allowed: names.join(', ') || 'none' },
    ];
  }
  const found = JSON.stringify(value);
  if (typeof value !== typeof known[name]) {
    const allowed = `a ${typeof known[name]}, such as ${JSON.stringify(known[name])}`;
    return [{ path, message: 'a goal of the wrong type', found, allowed }];
  }
  if (typeof value !== 'number') return [];
  const { holds, text } = rangeOf(name);
  if (holds(value)) return [];
  const allowed = `${text}, such as ${JSON.stringify(known[name])}`;
  return [{ path, message: 'a goal that anything would meet, or nothing', found, allowed }];
}

interface Range {
  holds: (value: number) => boolean;
  text: string;
}

/** Values of a goal that can be met and missed. A share is a part of a whole, not a percentage: of failures, all of them is no limit. */
function rangeOf(name: string): Range {
  if (/^(failed|duplicated).*(Ratio|Share)$/.test(name))
    return { holds: (value) => value >= 0 && value < 1, text: 'a part of 1: from 0 to below 1' };
  if (/(Ratio|Share)$/.test(name))
    return { holds: (value) => value > 0 && value <= 1, text: 'a part of 1: above 0 and at most 1' };
  return { holds: (value) => value >= 0, text: 'not below 0' };
}

/** A store's own goals are those of its failovers. */
function storeGoalFindings({ stores }: EnvironmentFile): Finding[] {
  return STORES.flatMap((name) => {
    const goals = stores[name]?.goals;
    if (goals === undefined) return [];
    const faults = FAULTS.filter((fault) => goals[fault] !== undefined);
    return faults
      .filter((fault) => rowOf(`failover/${name}/${fault}`)?.goals.rtoSeconds === undefined)
      .map((fault): Finding => ({
        path: ['stores', name, 'goals', fault],
        at: 'key',
        message: `${name} has no goal for this fault`,
        found: fault,
      }));
  });
}
