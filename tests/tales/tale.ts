/**
 * Tales: histories that somebody made up from a stored one, with the verdict that each must get. A lie tells of a broken platform and must not
 * pass; a truth tells of a whole one on another day, or of another make, and must not fail. `npm run mutate` tells them all.
 */
import { matchesAny } from '../../env/globs.ts';
import type { Judge } from '../../reports/judge/definition.ts';
import { OUTCOMES } from '../../reports/record/history/history.ts';
import type { History, Observation, Operations, Outcome } from '../../reports/record/history/history.ts';
import { parseObservation } from '../../reports/record/history/parse-observation.ts';
import type { Kind, NewSeen, Seen } from '../../reports/record/observations/index.ts';
import type { Verdict } from '../../reports/record/verdict.ts';

export interface Tale {
  /** Its number among the false verdicts that were found. */
  number?: number;
  /** Check ids; it is told to each that matches. */
  check: string;
  /** What the history says, as in "the alert arrives silenced". */
  says: string;
  /** A verdict that it may get. */
  must: Verdict | readonly Verdict[];
  /** The rule that must decide, by the beginning of its id; absent: any. */
  rule?: string;
  bend: (history: History) => History;
  /** For tales about several trials, instead of one told of each. */
  trials?: (histories: readonly History[]) => History[];
}

/** A tale cannot be told: it changes nothing, or what it changes is no observation any more. */
export class TaleError extends Error {
  override readonly name = 'TaleError';
}

export type Bend = (history: History) => History;

/** Several changes, one after the other. */
export const all =
  (...bends: readonly Bend[]): Bend =>
  (history) =>
    bends.reduce((bent, bend) => bend(bent), history);

/** Every observation of a kind as `change` makes it; null takes it out. @throws TaleError where none is left changed */
export function changed<K extends Kind>(
  kind: K,
  change: (seen: Seen<K>, index: number) => Partial<Seen<K>> | null,
): Bend {
  return (history) => {
    let count = 0;
    let differs = false as boolean;
    const observations = history.observations.flatMap((seen): Observation[] => {
      if (seen.kind !== kind) return [seen];
      const bent = change(structuredClone(seen) as unknown as Seen<K>, count++);
      if (bent === null) {
        differs = true;
        return [];
      }
      const made = parsed({ ...seen, ...bent });
      differs ||= JSON.stringify(made) !== JSON.stringify(seen);
      return [made];
    });
    if (!differs) throw new TaleError(`no ${kind} was changed`);
    return { ...history, observations: observations.toSorted((a, b) => a.t - b.t) };
  };
}

/** With further observations. */
export function seen(...more: ReadonlyArray<{ [K in Kind]: NewSeen<K> & { t: number } }[Kind]>): Bend {
  return (history) => ({
    ...history,
    observations: [...history.observations, ...more.map(parsed)].toSorted((a, b) => a.t - b.t),
  });
}

/** With another header. */
export function headed(change: (header: History['header']) => Partial<History['header']>): Bend {
  return (history) => ({
    ...history,
    header: { ...history.header, ...change(structuredClone(history.header)) },
  });
}

/** With another outcome of the reads or writes for which `of` says one; undefined leaves it. @throws TaleError where none changes */
export function ended(
  side: 'writes' | 'reads',
  of: (operation: { index: number; intendedMs: number }) => Outcome | undefined,
): Bend {
  return (history) => {
    const operations: Operations = history[side];
    const outcome = Uint8Array.from(operations.outcome, (code, index) => {
      const said = of({ index, intendedMs: operations.intendedMs[index] ?? 0 });
      return said === undefined ? code : OUTCOMES[said];
    });
    if (outcome.every((code, index) => code === operations.outcome[index]))
      throw new TaleError(`no outcome of ${side} was changed`);
    return { ...history, [side]: { ...operations, outcome } };
  };
}

function parsed(value: object): Observation {
  const made = parseObservation(value as Record<string, unknown>);
  if (made === null) throw new TaleError(`no observation: ${JSON.stringify(value).slice(0, 300)}`);
  return made;
}

/** What is wrong with what the judge says of the tales about a check, a sentence each. */
export function tell(
  tales: readonly Tale[],
  of: { check: string; histories: readonly History[]; judge: Judge },
): { told: number; wrong: string[] } {
  const own = tales.filter(({ check }) => matchesAny([check], of.check));
  const wrong = own.flatMap((tale) => {
    const name = `${tale.number === undefined ? 'tale' : `false verdict ${tale.number}`} (${tale.says})`;
    const { bend, trials, must, rule } = tale;
    try {
      const { verdict, reason, ...judged } = of.judge(trials?.(of.histories) ?? of.histories.map(bend));
      // A series has no rules of its own.
      const rules = judged.rules ?? (judged.trials ?? []).flatMap((one) => one.rules ?? []);
      const may = [must].flat();
      if (!may.includes(verdict)) return [`${name}: ${verdict}, must be ${may.join(' or ')}: ${reason}`];
      const decided = rules.filter((one) => one.verdict === verdict).map(({ id }) => id);
      return rule === undefined || decided.some((id) => id.startsWith(rule))
        ? []
        : [`${name}: decided by ${decided.join(', ')}, not by ${rule}`];
    } catch (error) {
      return [`${name}: ${String(error)}`];
    }
  });
  return { told: own.length, wrong };
}
