/** What was planned must have happened to the platform: the fault, its aim, its members, its settings. */
import { OUTCOMES } from '../../../reports/record/history/history.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { proofGap } from '../../../reports/judge/fault-proof.ts';
import { gapRule } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { all, first, last } from '../../../reports/judge/observed.ts';
import { declaredNames, storeOf } from './evidence.ts';
import { governingGap } from './governing.ts';
import { roleOf } from './outages/phases.ts';
import { trialOf } from './trial.ts';
import { barredFromData, electingCopies } from './writes/without-copy.ts';

type Said = (history: History) => string | null;

const RULES: readonly { id: string; open: Said; holds: string }[] = [
  {
    id: 'coherence/fault',
    open: (history) => faultGap(history),
    holds: 'the fault was armed, injected into each of its targets, and proved',
  },
  { id: 'coherence/aim', open: aimGap, holds: 'the fault hit the target it was aimed at' },
  { id: 'coherence/members', open: membersGap, holds: 'every recorded name is that of a declared member' },
  {
    id: 'coherence/leader',
    open: leaderGap,
    holds: 'the leader that was read back is the one that was observed to lead',
  },
  {
    id: 'coherence/governing',
    open: governingGap,
    holds: 'the settings that govern the failover are as declared',
  },
  {
    id: 'coherence/consumer',
    open: consumerGap,
    holds: 'the consumer received every message that a read waited for',
  },
];

export function coherenceRules(history: History): Rule[] {
  return RULES.map(({ id, open, holds }) => gapRule(id, open(history), holds));
}

/** Null when the fault is armed for the members that were prepared; otherwise the difference. */
export type Prepared = (armed: Seen<'fault-armed'>) => string | null;

/** @param prepared where its target is not simply the names of those that are hit */
export function faultGap(history: History, prepared: Prepared = namedGap): string | null {
  const armed = first(history, 'fault-armed');
  const landed = first(history, 'fault-landed');
  if (armed === undefined || landed === undefined) return null;
  const gap = prepared(armed);
  if (gap !== null) return gap;
  const names = armed.members.map(({ name }) => name);
  const acted = all(history, 'fault-acted').map(({ member }) => member);
  if (acted.toSorted().join() !== names.toSorted().join())
    return `the fault was injected into ${acted.join(', ') || 'nothing'}, but armed for ${armed.target}`;
  return proofGap(armed, landed) ?? faultDiffers(history, armed);
}

function namedGap({ target, members }: Seen<'fault-armed'>): string | null {
  const names = members.map(({ name }) => name).join(', ');
  return names === target ? null : `the fault was armed for ${target}, but prepared for ${names}`;
}

/** The fault of query checks (suites/failover/query/observe.ts): their ids name the query, not the fault. */
const FAULT_OF_QUERIES = 'pod-crash';

/** A negative control injects another fault than its check: the header then names it. */
function faultDiffers({ header }: History, { fault }: Seen<'fault-armed'>): string | null {
  const [, of, named] = header.check.split('/');
  const expected = header.settings.failover?.fault ?? (of === 'query' ? FAULT_OF_QUERIES : named);
  return fault === expected ? null : `the fault ${fault} was injected, planned was ${expected ?? 'none'}`;
}

/** The members that were hit have the role at which the trial is aimed. */
export function aimGap(history: History): string | null {
  const armed = first(history, 'fault-armed');
  const { members } = trialOf(history);
  if (armed === undefined || members === 1) return null;
  const target = history.header.settings.failover?.target ?? 'leader';
  const targets = armed.target.split(', ');
  const holder = roleHolder(history, armed.t);
  if (holder === null) return 'no leader was seen before the fault';
  const copies = electingCopies(history) ?? members;
  const aim = { targets, holder, copies, barred: barredFromData(history) };
  return roleGap(target, aim, armed.target);
}

/** A target that is no role is the name of a pod. */
function roleGap(target: string, aim: Aim, hit: string): string | null {
  const judged = AIMS[target];
  if (judged !== undefined) return judged(aim);
  return hit === target ? null : wrongAim(aim.targets, target);
}

interface Aim {
  targets: string[];
  /** Who held the role when it was last looked at. */
  holder: string;
  /** How many members have a copy of the data: all, where no number of copies is declared. */
  copies: number | null;
  /** Members that cannot have one. */
  barred: ReadonlySet<string>;
}

const AIMS: Readonly<Record<string, (aim: Aim) => string | null>> = {
  leader: ({ targets, holder }) =>
    countGap(targets, 1) ?? (targets.includes(holder) ? null : wrongAim(targets, 'leader')),
  master: ({ targets, holder }) =>
    countGap(targets, 1) ?? (targets.includes(holder) ? null : wrongAim(targets, 'master')),
  replica: ({ targets, holder, barred }) =>
    countGap(targets, 1) ??
    (targets.some((name) => name === holder || barred.has(name)) ? wrongAim(targets, 'replica') : null),
  random: ({ targets }) => countGap(targets, 1),
  majority: ({ targets, copies }) => (copies === null ? null : countGap(targets, Math.floor(copies / 2) + 1)),
};

const countGap = (names: readonly string[], wanted: number): string | null =>
  names.length === wanted ? null : `the number of members hit is ${names.length}, planned was ${wanted}`;
const wrongAim = (targets: readonly string[], target: string): string =>
  `the target was ${target}, but the fault hit ${targets.join(', ')}, going by the last look at roles before it`;

function roleHolder(history: History, untilMs: number): string | null {
  const seen = all(history, roleOf(history)).filter(({ t, leader }) => t <= untilMs && leader !== null);
  return seen.at(-1)?.leader ?? null;
}

function membersGap(history: History): string | null {
  const names = declaredNames(history);
  const planned = new Set(last(history, 'readback-plan')?.sources ?? []);
  const missed = missedGap(planned.size, names?.length ?? trialOf(history).members);
  // Where labels choose the members, those that were read back are all there are, beside those that were hit and came back by another name.
  if (names === null) return missed ?? strangeGap(history, new Set([...planned, ...beforeFault(history)]));
  return strangeGap(history, new Set(names)) ?? missed;
}

/** Pods that led until the fault, and those that it hit. */
function beforeFault(history: History): string[] {
  const armed = first(history, 'fault-armed');
  const leaders = all(history, 'leader').filter(({ t }) => t <= (armed?.t ?? Infinity));
  return [
    ...(armed?.members ?? []).map(({ name }) => name),
    ...leaders.flatMap(({ leader }) => leader ?? []),
  ];
}

function missedGap(planned: number, members: number | null): string | null {
  return members === null || planned === members
    ? null
    : `${planned} members were planned to be read back, declared are ${members}`;
}

function strangeGap(history: History, members: ReadonlySet<string>): string | null {
  const said = [
    ...all(history, 'leader').map(({ leader }) => leader),
    ...all(history, 'master').map(({ leader }) => leader),
    ...all(history, 'readback-plan').flatMap(({ sources }) => sources),
    ...all(history, 'readback').map(({ source }) => source),
    ...all(history, 'readback-without').map(({ source }) => source),
    ...all(history, 'fault-armed').flatMap((armed) => armed.members.map(({ name }) => name)),
  ];
  const strange = said.find((name) => name !== null && !members.has(name));
  return strange === undefined
    ? null
    : `${strange ?? 'nobody'} is not a declared member of ${storeOf(history.header)}`;
}

export function leaderGap(history: History): string | null {
  return followedGap(history) ?? readLeaderGap(history) ?? steadyLeaderGap(history);
}

/** Whoever follows the leader writes a last line when it is asked to stop. */
function followedGap(history: History): string | null {
  const followed = [all(history, 'leader'), all(history, 'master')].filter(({ length }) => length > 0);
  return followed.every((lines) => lines.at(-1)?.final === true)
    ? null
    : 'the leader was not observed to the end';
}

function readLeaderGap(history: History): string | null {
  const read = all(history, 'readback').findLast(({ role }) => role === 'leader')?.source;
  const followed = all(history, 'leader').findLast(({ leader }) => leader !== null)?.leader;
  if (read === undefined || followed === undefined || read === followed) return null;
  return `${read} was read back as the leader, but ${followed ?? 'nobody'} was last seen to lead`;
}

/** The leader of the steady store before the fault is the first that was observed; after the fault, the last. */
function steadyLeaderGap(history: History): string | null {
  // Where the cluster elects a master, a steady store names the master as its leader.
  const masters = all(history, 'master');
  const led = masters.length > 0 ? masters : all(history, 'leader');
  const holders = led.filter(({ leader }) => leader !== null);
  return (
    otherLeader(last(history, 'steady'), holders.at(0)) ??
    otherLeader(last(history, 'steady-after'), holders.at(-1))
  );
}

function otherLeader(
  steady: Pick<Seen<'steady'>, 'leader'> | undefined,
  seen: Pick<Seen<'leader'>, 'leader'> | undefined,
): string | null {
  if (steady?.leader == null || seen === undefined || seen.leader === steady.leader) return null;
  return `the steady store named ${steady.leader} as its leader, but ${seen.leader ?? 'nobody'} was observed to lead then`;
}

/** The consumer received at least every read that succeeded. */
function consumerGap(history: History): string | null {
  const reader = first(history, 'reader');
  const ok = history.reads.outcome.filter((outcome) => outcome === OUTCOMES.ok).length;
  return reader === undefined || reader.delivered >= ok
    ? null
    : `the consumer counted ${reader.delivered} messages, which does not fit ${ok} delivered of ${history.reads.count} reads`;
}
