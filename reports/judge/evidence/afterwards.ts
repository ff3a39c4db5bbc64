import type { History } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import type { Rule } from '../../record/rule.ts';
import type { Annotations } from '../annotations.ts';
import { all, last } from '../observed.ts';

const MOST_NAMED = 5;

export const AFTERWARDS_ANNOTATIONS: Annotations = {
  'as-before.objects': 'number of compared objects, shown only: their differences are judged',
};

/**
 * What must hold after every trial, whatever its target: the target is steady again, what was done is undone, roles and objects are as
 * before. What was not checked is no pass; what did not come back is a failure.
 */
export function afterwardsRules(history: History): Rule[] {
  return [
    steadyRule(history),
    ...healedRules(history),
    ...earlyRules(history),
    undoneRule(history),
    ...comparedRules(history),
  ];
}

/** In a trial that continued after its fault was undone, members had time to rejoin: one that did not is a failure. */
function healedRules(history: History): Rule[] {
  return all(history, 'healed')
    .filter(({ ok }) => !ok)
    .map(({ detail }) => ({
      id: 'afterwards/healed',
      verdict: 'fail',
      ofTime: true,
      text: `not all members had rejoined after the fault was undone: ${detail}`,
    }));
}

/** A target that was helped did not come back by itself. */
function earlyRules(history: History): Rule[] {
  return all(history, 'restored-early')
    .slice(0, 1)
    .map(({ reason }) => ({
      id: 'afterwards/undisturbed',
      verdict: 'inconclusive',
      text: `the fault was undone early (${reason}): what would have come of it is not known`,
    }));
}

function steadyRule(history: History): Rule {
  const id = 'afterwards/steady';
  const seen = last(history, 'steady-after');
  if (seen === undefined)
    return {
      id,
      verdict: 'inconclusive',
      text: 'nobody checked whether all members were back after the trial',
    };
  if (!seen.ok && seen.cannotAsk !== undefined)
    return {
      id,
      verdict: 'inconclusive',
      text: `whether all members were back after the trial could not be checked (${seen.cannotAsk}): ${seen.detail}`,
    };
  return seen.ok
    ? { id, verdict: 'pass', text: `steady again: ${seen.detail}` }
    : {
        id,
        verdict: 'fail',
        text: `not all members were back after the trial: ${seen.detail}`,
        ofTime: true,
      };
}

function undoneRule(history: History): Rule {
  const id = 'afterwards/undone';
  const failed = last(history, 'restored-early-done')?.failed ?? [];
  return failed.length === 0
    ? { id, verdict: 'pass', text: 'everything that was done is undone' }
    : { id, verdict: 'fail', text: `not undone: ${failed.slice(0, MOST_NAMED).join('; ')}` };
}

function comparedRules(history: History): Rule[] {
  const seen = last(history, 'as-before');
  if (seen === undefined)
    return [
      {
        id: 'afterwards/compared',
        verdict: 'inconclusive',
        text: 'nobody checked whether roles and objects are as they were before the trial',
      },
    ];
  const gap = comparedGap(history, seen);
  if (gap !== null)
    return [{ id: 'afterwards/compared', verdict: 'inconclusive', text: gap }, ...differing(seen)];
  return differing(seen);
}

/** Both times are rounded. */
const ROUNDING_MS = 1;

/** Every declared store, in that order, and some objects must be compared, in the time since the store was steady again. */
function comparedGap(history: History, { t, waitedMs, objects, roles }: Seen<'as-before'>): string | null {
  const declared = Object.keys(history.header.settings.stores ?? {}).join(', ');
  const compared = roles.map(({ store }) => store).join(', ');
  if (declared !== '' && compared !== declared)
    return `the roles of ${compared || 'no store'} were compared, the declared stores are ${declared}`;
  if (objects < 1)
    return `${objects} objects were compared with their state before the trial, at least 1 is needed`;
  return waitGap(t, waitedMs, last(history, 'steady-after')?.t ?? -Infinity);
}

function waitGap(t: number, waitedMs: number, steadyMs: number): string | null {
  if (waitedMs <= 0) return `the comparison is recorded as taking ${waitedMs} ms, expected above 0`;
  return t < steadyMs || waitedMs <= t - steadyMs + ROUNDING_MS
    ? null
    : `the comparison is recorded as taking ${waitedMs} ms, but ended ${Math.round(t - steadyMs)} ms after the store was steady again`;
}

/** For people: a store that was broken before is none that the trial could have kept whole. */
function unsaidOf({ uncompared = [] }: Seen<'as-before'>): string {
  return uncompared.length === 0 ? '' : `; not compared: ${uncompared.join('; ')}`;
}

function differing(seen: Seen<'as-before'>): Rule[] {
  const other = seen.roles.filter(({ before, after }) => before !== after);
  const roles = other.map(({ store, before, after }) => `${store} was ${before}, is ${after}`);
  const { differences } = seen;
  const unsaid = !seen.ok && other.length === 0 && differences.length === 0;
  return [
    other.length === 0
      ? {
          id: 'afterwards/roles',
          verdict: 'pass',
          text: `roles of ${seen.roles.length} stores as before${unsaidOf(seen)}`,
        }
      : { id: 'afterwards/roles', verdict: 'fail', text: `roles are not as before: ${roles.join('; ')}` },
    differences.length === 0 && !unsaid
      ? { id: 'afterwards/objects', verdict: 'pass', text: `${seen.objects} objects as before` }
      : {
          id: 'afterwards/objects',
          verdict: 'inconclusive',
          text: `the environment is not as before: ${unsaid ? 'the record does not say how' : differences.slice(0, MOST_NAMED).join('; ')}`,
        },
  ];
}
