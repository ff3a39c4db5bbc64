import type { FaultContext, FaultMember } from './fault.ts';

/** The member that a target means now, or why there is none. */
export function chooseTarget(
  ctx: Pick<FaultContext, 'target' | 'leader' | 'members' | 'store'>,
  random: () => number = Math.random,
): { member: FaultMember } | { reason: string } {
  const { target, leader, members, store } = ctx;
  const names = members.map(({ name }) => name).join(', ') || 'none';
  const pick = (from: readonly FaultMember[], what: string): { member: FaultMember } | { reason: string } => {
    const member = from[Math.floor(random() * from.length)];
    return member === undefined
      ? { reason: `${store} has no ${what} now (members: ${names}; leader: ${leader ?? 'none'})` }
      : { member };
  };
  if (target === 'leader')
    return pick(
      members.filter(({ name }) => name === leader),
      'leader',
    );
  if (target === 'replica')
    return pick(
      members.filter(({ name }) => name !== leader),
      'replica',
    );
  if (target === 'random') return pick(members, 'member');
  return pick(
    members.filter(({ name }) => name === target),
    `pod named ${target}`,
  );
}
