import type { FaultContext, FaultMember } from './fault.ts';

type Aim = Pick<FaultContext, 'target' | 'leader' | 'master' | 'members' | 'holders' | 'store'>;
type Chosen = { members: FaultMember[] } | { reason: string };

/** The members that a target stands for at this moment, the leader first; or the reason why there are none. */
export function chooseTargets(ctx: Aim, random: () => number = Math.random): Chosen {
  const { target, leader, master, members, store } = ctx;
  switch (target) {
    case 'leader':
      return holder(ctx, leader, 'leader');
    case 'master':
      return master === undefined
        ? { reason: `${store} has no master besides the leader of its data` }
        : holder(ctx, master, 'master');
    case 'replica':
      return one(ctx, without(holding(ctx), leader), 'replica', random);
    case 'random':
      return one(ctx, members, 'member', random);
    case 'majority':
      return majority(ctx, random);
    default:
      return one(ctx, named(members, target), `pod named ${target}`, random);
  }
}

function holder(ctx: Aim, name: string | null, role: string): Chosen {
  if (name === null) return nobody(ctx, role);
  const found = named(ctx.members, name);
  return found.length > 0
    ? { members: found }
    : { reason: `${ctx.store} says that ${name} is its ${role}, but no pod has that name` };
}

function one(ctx: Aim, from: readonly FaultMember[], what: string, random: () => number): Chosen {
  const member = from[Math.floor(random() * from.length)];
  return member === undefined ? nobody(ctx, what) : { members: [member] };
}

/** The members with a copy of the data: a dedicated master is no replica of anything. */
function holding({ members, holders }: Aim): readonly FaultMember[] {
  return holders === undefined ? members : members.filter(({ name }) => holders.includes(name));
}

/** The leader and as many other members with a copy as make a majority, so that those that are left have no quorum. */
function majority(ctx: Aim, random: () => number): Chosen {
  const { leader, store, holders } = ctx;
  const members = holding(ctx);
  if (members.length < 2) {
    const counted = `${members.length} ${members.length === 1 ? 'member' : 'members'}`;
    const seen =
      holders === undefined ? counted : `${counted} with a copy of the data, of ${ctx.members.length}`;
    return { reason: `${store} has ${seen}: a majority needs at least 2` };
  }
  const leads = named(members, leader ?? '');
  if (leads.length === 0) return nobody(ctx, 'leader');
  const others = shuffled(without(members, leader), random);
  return { members: [...leads, ...others].slice(0, Math.floor(members.length / 2) + 1) };
}

function nobody({ store, members, leader }: Aim, what: string): { reason: string } {
  const names = members.map(({ name }) => name).join(', ') || 'none';
  return { reason: `${store} has no ${what} now (members: ${names}; leader: ${leader ?? 'none'})` };
}

function named(members: readonly FaultMember[], name: string): FaultMember[] {
  return members.filter((member) => member.name === name);
}

function without(members: readonly FaultMember[], name: string | null): FaultMember[] {
  return members.filter((member) => member.name !== name);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
