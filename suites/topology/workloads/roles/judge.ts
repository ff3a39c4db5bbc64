import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { mayBeMember, storesOf } from '../../../../reports/judge/topology/declared.ts';
import type { HeaderStore } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { managerFacts, storeFacts } from '../../../../reports/record/facts/store-facts.ts';
import { memberNamespace } from '../../../../reports/record/facts/store-pods.ts';
import type { StoreFacts } from '../../../../reports/record/facts/store-facts.ts';

const LEADING = ['leader', 'master', 'primary'];

/** Role of a member in a store without a cluster leader, as in RabbitMQ, where each queue has its own. */
const PEER = 'peer';

type Member = Seen<'member'>;

export const judge: CheckJudge = { judge: judgeRoles };

/** One primary that serves, all other members stream from it, and the Service for reads refuses writes. */
function judgeRoles(history: History): Judgement {
  const findings = new Findings(history);
  for (const [store, declared] of storesOf(history.header.settings)) {
    findings.rule(store);
    describedStore(history, findings, { store, declared });
    if (declared.replica !== undefined) readService(history, findings, store);
  }
  return findings.conclude(
    'every store with one primary, all other members following it, and reads that refuse writes',
  );
}

interface Store {
  store: string;
  declared: HeaderStore;
}

function describedStore(history: History, findings: Findings, of: Store): void {
  const { store, declared } = of;
  const expected = `${declared.members} members`;
  const down = all(history, 'store-down').find((one) => one.store === store);
  if (down !== undefined) {
    // A store that is declared and does not answer is a failure, never a smaller profile.
    findings.expect(store, false, expected, down.reason);
    return;
  }
  const unasked = all(history, 'store-unasked').find((one) => one.store === store);
  const why = unasked === undefined ? 'it was not queried' : `it cannot be queried: ${unasked.reason}`;
  findings.each(
    [[store, declared]],
    all(history, 'described'),
    { key: (one) => one.store, expected, missing: 'unknown', why: () => why, strange: 'ignore' },
    (_, { leader }) => {
      members(history, findings, { ...of, leader: leader ?? 'none' });
      waitedFor(history, findings, of);
      conditions(history, findings, of);
    },
  );
}

function members(history: History, findings: Findings, of: Store & { leader: string }): void {
  const { store, declared, leader } = of;
  const wanted = declared.members;
  const found = all(history, 'member').filter((member) => member.store === store);
  const names = [...new Set(found.map(({ name }) => name))];
  const stray = names.find((name) => !mayBeMember(name, declared));
  if (stray !== undefined) findings.unknown(`members of ${store}`, 'pods of its StatefulSets', stray);
  findings.figure({ name: `members of ${store}`, value: names.length, goal: wanted });
  findings.expect(
    `members of ${store}`,
    names.length === wanted && found.length === wanted,
    String(wanted),
    `${names.length}: ${names.join(', ')}${found.length === names.length ? '' : ', one of them twice'}`,
  );
  const { members: words } = storeFacts(store);
  if (words === undefined) peers(findings, found);
  else followers(findings, found, { store, leader, leaders: leadersOf(declared), words });
}

function peers(findings: Findings, found: readonly Member[]): void {
  for (const { store, name, role, state } of found)
    findings.expect(
      `${store} ${name}`,
      role === PEER && state === 'running',
      'a member that runs',
      role === PEER ? state : `${role}, ${state}`,
    );
}

function followers(
  findings: Findings,
  found: readonly Member[],
  {
    store,
    leader,
    leaders: wanted,
    words,
  }: { store: string; leader: string; leaders: number; words: NonNullable<StoreFacts['members']> },
): void {
  const leaders = found.filter(({ role }) => LEADING.includes(role));
  const named = leaders.map(({ name }) => name).join(', ');
  const expected = wanted === 1 ? 'exactly one' : `exactly ${wanted}, one a shard`;
  findings.expect(`primary of ${store}`, leaders.length === wanted, expected, named || 'none');
  if (leaders.length === wanted && !leaders.some(({ name }) => name === leader))
    findings.unknown(`leader of ${store}`, leader, named);
  const { serving, following, roles: known } = words;
  for (const { name, role, state } of found) {
    const leads = LEADING.includes(role);
    const right = leads ? serving : following;
    if (!leads && !known.includes(role)) findings.unknown(`role of ${name}`, known.join(', '), role);
    findings.expect(
      `${store} ${name}`,
      state === right,
      `a member that ${leads ? 'serves' : 'follows'} (${right})`,
      `${role}, ${state}`,
    );
  }
}

/**
 * Where no acknowledged write may be lost when the leader is, commits wait for a follower. Of a store that is an address without pods its provider
 * may keep copies that are no members.
 */
function waitedFor(history: History, findings: Findings, { store, declared }: Store): void {
  const { waitedFor: roles = [] } = storeFacts(store).members ?? {};
  const promised = Object.entries(declared.goals ?? {}).filter(([, { lostWrites }]) => lostWrites === 0);
  const none = memberNamespace(declared) === null || declared.members < 2;
  if (roles.length === 0 || promised.length === 0 || none) return;
  const found = all(history, 'member').filter((one) => one.store === store && !LEADING.includes(one.role));
  findings.expect(
    `follower of ${store} for which commits wait`,
    found.some(({ role, state }) => roles.includes(role) && state === storeFacts(store).members?.following),
    `${roles.join(' or ')}, since 0 lost writes are promised (${promised.map(([fault]) => fault).join(', ')})`,
    found.map(({ name, role, state }) => `${name}: ${role}, ${state}`).join('; ') || 'no follower',
  );
}

/** A Redis Cluster has a master a shard. */
function leadersOf({ members: all, cluster }: HeaderStore): number {
  return cluster === undefined ? 1 : all / (1 + cluster.replicas);
}

/** What the store says must hold besides, such as its health. */
function conditions(history: History, findings: Findings, { store, declared }: Store): void {
  const found = all(history, 'condition').filter((one) => one.store === store);
  const wanted = [...(storeFacts(store).conditions ?? []), ...managerFacts(store, declared).conditions];
  findings.each(
    wanted.map((name) => [`${name} of ${store}`, name]),
    found,
    {
      key: ({ name }) => `${name} of ${store}`,
      expected: 'its answer',
      missing: 'unknown',
      strange: 'ignore',
    },
  );
  for (const { name, ok, expected, seen } of found) {
    if (ok === null) findings.unknown(`${name} of ${store}`, expected, seen);
    else findings.expect(`${name} of ${store}`, ok, expected, seen);
    // As it should be, and there is more to say, such as what an edition cannot do.
    if (ok === true && seen !== expected) findings.note(`${name} of ${store}: ${seen}`);
  }
}

function readService(history: History, findings: Findings, store: string): void {
  const subject = `read Service of ${store}`;
  const expected = 'refuses a write';
  findings.each(
    [[subject, store]],
    all(history, 'read-service'),
    { key: (one) => `read Service of ${one.store}`, expected, missing: 'unknown', strange: 'ignore' },
    (_, { refused, address, detail }) => {
      if (refused === null) findings.unknown(subject, expected, detail);
      else findings.expect(`${subject} at ${address}`, refused, expected, detail);
    },
  );
}
