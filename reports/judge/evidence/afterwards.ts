import { faultFacts } from '../../record/facts/fault-facts.ts';
import type { History, HistoryHeader } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { gapRule } from '../../record/rule.ts';
import type { Rule } from '../../record/rule.ts';
import { memberNamespace } from '../../record/facts/store-pods.ts';
import { all, first, last } from '../observed.ts';
import { mayBeMember, storesOf } from '../topology/declared.ts';

const MOST_NAMED = 5;

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
    return [{ id: 'afterwards/compared', verdict: 'inconclusive', text: gap }, ...differing(history, seen)];
  return differing(history, seen);
}

/** Every declared store and some objects must be compared. */
function comparedGap(history: History, seen: Seen<'as-before'>): string | null {
  const unlisted = storesGap(history.header, seen);
  if (unlisted !== null) return unlisted;
  return seen.objects < 1
    ? `${seen.objects} objects were compared with their state before the trial, at least 1 is needed`
    : null;
}

/** Each declared store, in that order, is compared or named as one that could not be; the one that the fault hit is compared. */
function storesGap(header: HistoryHeader, { roles, uncompared = [] }: Seen<'as-before'>): string | null {
  const declared = Object.keys(header.settings.stores ?? {});
  if (declared.length === 0) return null;
  const compared = roles.map(({ store }) => store).join(', ');
  const left = uncompared.map((line) => line.split(', ', 1).join());
  const hit = hitStore(header);
  if (hit !== null && left.includes(hit))
    return `the roles of ${hit}, which the fault was to hit, were not compared`;
  const expected = declared.filter((store) => !left.includes(store)).join(', ');
  const named = declared.filter((store) => left.includes(store)).join(', ');
  if (compared === expected && left.join(', ') === named) return null;
  const without = left.length === 0 ? '' : ` and those of ${left.join(', ')} could not be`;
  return `the roles of ${compared || 'no store'} were compared${without}, the declared stores are ${declared.join(', ')}`;
}

/** The store that the check hits; null: it hits none. */
export function hitStore({ check, settings }: HistoryHeader): string | null {
  if (settings.store !== undefined) return settings.store;
  const [, named = ''] = check.split('/');
  return settings.stores?.[named] === undefined ? null : named;
}

type Roles = Seen<'as-before'>['roles'][number];

/**
 * Stores whose roles are not as before. A fault changes only those of the store that it hits, unless it takes a node, which may carry members of
 * others. What else has changed was changed by others, such as by an upgrade.
 * @param by the fault, and the store that it hits; null: the check hits none, and every store counts that is not among those that were `spared`
 */
export function changedRoles(
  roles: readonly Roles[],
  by: { store: string | null; fault: string; spared?: readonly string[] },
): { ours: Roles[]; others: Roles[] } {
  const changed = roles.filter(({ before, after }) => before !== after);
  const isOurs = ({ store }: Roles): boolean =>
    faultFacts(by.fault)?.takesNode === true ||
    (by.store === null ? by.spared?.includes(store) !== true : store === by.store);
  return { ours: changed.filter(isOurs), others: changed.filter((one) => !isOurs(one)) };
}

/** Stores that have none of the pods that were hit, by their names. None is known to be where the fault is not one of pods, such as one of the control plane. */
function sparedStores({ header }: History, { fault, members }: Seen<'fault-armed'>): string[] {
  const ofPods = members.length > 0 && faultFacts(fault) !== undefined;
  if (!ofPods && fault !== ROLLING_RESTART) return [];
  return storesOf(header.settings).flatMap(([store, declared]) => {
    const hasPods = memberNamespace(declared) !== null;
    return hasPods && members.some(({ name }) => mayBeMember(name, declared)) ? [] : [store];
  });
}

/** Replaces the pods of a service. */
const ROLLING_RESTART = 'rolling-restart';

/** What is said of them; null: there are none. */
export function changedText(changed: readonly Roles[], whose = ''): string | null {
  if (changed.length === 0) return null;
  const told = changed.map(({ store, before, after }) => `${store} was ${before}, is ${after}`);
  return `roles ${whose}are not as before: ${told.join('; ')}`;
}

/** Whose roles the fault does not change. */
export const OF_OTHERS = 'of stores that the fault did not hit ';

/** For people: a store that was broken before is none that the trial could have kept whole. */
function unsaidOf({ uncompared = [] }: Seen<'as-before'>): string {
  return uncompared.length === 0 ? '' : `; not compared: ${uncompared.join('; ')}`;
}

function rolesRule(history: History, seen: Seen<'as-before'>): Rule {
  const id = 'afterwards/roles';
  const armed = first(history, 'fault-armed');
  const { ours, others } = changedRoles(seen.roles, {
    store: hitStore(history.header),
    fault: armed?.fault ?? '',
    spared: armed === undefined ? [] : sparedStores(history, armed),
  });
  const failure = changedText(ours);
  if (failure !== null) return { id, verdict: 'fail', text: failure };
  const gap = changedText(others, OF_OTHERS);
  return gapRule(id, gap, `roles of ${seen.roles.length} stores as before${unsaidOf(seen)}`);
}

function differing(history: History, seen: Seen<'as-before'>): Rule[] {
  const { differences, unseen, objects } = seen;
  const told = unseen === undefined ? differences.map(({ text }) => text) : [unseen];
  const gap =
    told.length === 0 ? null : `the environment is not as before: ${told.slice(0, MOST_NAMED).join('; ')}`;
  return [rolesRule(history, seen), gapRule('afterwards/objects', gap, `${objects} objects as before`)];
}
