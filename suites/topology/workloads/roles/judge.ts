import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all } from '../../../../reports/judge/observed.ts';
import { mayBeMember, storesOf } from '../../../../reports/judge/topology/declared.ts';
import type { HeaderStore } from '../../../../reports/judge/topology/declared.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { managerFacts, storeFacts } from '../../../../reports/record/store-facts.ts';
import type { StoreFacts } from '../../../../reports/record/store-facts.ts';

const LEADING = ['leader', 'master', 'primary'];

/** Role of a member in a store without a cluster leader, as in RabbitMQ, where each queue has its own. */
const PEER = 'peer';

type Member = Seen<'member'>;

export const judge: CheckJudge = {
  judge: judgeRoles,
  evidence: ({ settings }) => {
    const stores = storesOf(settings);
    const readable = stores.filter(([, { replica }]) => replica !== undefined).map(([store]) => store);
    const members = stores.map(([store, { members: count }]) =>
      need('member', { where: (seen) => seen.store === store, count, what: `members of ${store}` }),
    );
    return [
      need('described', { subjects: stores.map(([store]) => store), of: ({ store }) => store }),
      need('read-service', { subjects: readable, of: ({ store }) => store }),
      ...members,
    ];
  },
};

/** One primary that serves, all other members stream from it, and the Service for reads refuses writes. */
function judgeRoles(history: History): Judgement {
  const findings = new Findings(history);
  for (const [store, declared] of storesOf(history.header.settings)) {
    findings.rule(store);
    members(history, findings, { store, declared });
    conditions(history, findings, { store, declared });
    if (declared.replica !== undefined) readService(history, findings, { store, at: declared.replica });
  }
  return findings.conclude(
    'every store with one primary, all other members following it, and reads that refuse writes',
  );
}

function members(history: History, findings: Findings, of: { store: string; declared: HeaderStore }): void {
  const { store, declared } = of;
  const wanted = declared.members;
  const down = all(history, 'store-down').find((one) => one.store === store);
  if (down !== undefined) {
    // A store that is declared and does not answer is a failure, never a smaller profile.
    findings.expect(store, false, `${wanted} members`, down.reason);
    return;
  }
  const described = all(history, 'described').find((one) => one.store === store);
  if (described === undefined) {
    const unasked = all(history, 'store-unasked').find((one) => one.store === store);
    const why = unasked === undefined ? 'it was not queried' : `it cannot be queried: ${unasked.reason}`;
    findings.unknown(store, `${wanted} members`, why);
    return;
  }
  const found = all(history, 'member').filter((member) => member.store === store);
  findings.agree(`members of ${store}`, described.members, found.length);
  const names = found.map(({ name }) => name);
  findings.eachOnce(`members of ${store}`, [...new Set(names)], names);
  const stray = names.find((name) => !mayBeMember(name, declared));
  findings.sound(`members of ${store}`, stray === undefined, 'pods of its StatefulSets', stray ?? '');
  findings.figure({ name: `members of ${store}`, value: found.length, goal: wanted });
  findings.expect(
    `members of ${store}`,
    found.length === wanted,
    String(wanted),
    `${found.length}: ${names.join(', ')}`,
  );
  const { members: words } = storeFacts(store);
  if (words === undefined) peers(findings, found);
  else followers(findings, found, { store, leader: described.leader, leaders: leadersOf(declared), words });
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
  }: { store: string; leader: string | null; leaders: number; words: NonNullable<StoreFacts['members']> },
): void {
  const leaders = found.filter(({ role }) => LEADING.includes(role));
  const named = leaders.map(({ name }) => name).join(', ');
  const expected = wanted === 1 ? 'exactly one' : `exactly ${wanted}, one a shard`;
  findings.expect(`primary of ${store}`, leaders.length === wanted, expected, named || 'none');
  if (leaders.length === wanted)
    findings.agree(`leader of ${store}`, leader, leaders.find(({ name }) => name === leader)?.name ?? named);
  const { serving, following, roles: known } = words;
  for (const { name, role, state } of found) {
    const leads = LEADING.includes(role);
    const right = leads ? serving : following;
    findings.sound(`role of ${name}`, leads || known.includes(role), known.join(', '), role);
    findings.expect(
      `${store} ${name}`,
      state === right,
      `a member that ${leads ? 'serves' : 'follows'} (${right})`,
      `${role}, ${state}`,
    );
  }
}

/** A Redis Cluster has a master a shard. */
function leadersOf({ members: all, cluster }: HeaderStore): number {
  return cluster === undefined ? 1 : all / (1 + cluster.replicas);
}

/** What the store says must hold besides, such as its health. */
function conditions(
  history: History,
  findings: Findings,
  { store, declared }: { store: string; declared: HeaderStore },
): void {
  const found = all(history, 'condition').filter((one) => one.store === store);
  const described = all(history, 'described').find((one) => one.store === store);
  if (described !== undefined) {
    findings.agree(`conditions of ${store}`, described.conditions, found.length);
    const names = found.map(({ name }) => name);
    const wanted = [...(storeFacts(store).conditions ?? []), ...managerFacts(store, declared).conditions];
    findings.eachOnce(`conditions of ${store}`, wanted, names);
  }
  for (const { name, ok, expected, seen } of found) {
    if (ok === null) findings.unknown(`${name} of ${store}`, expected, seen);
    else findings.expect(`${name} of ${store}`, ok, expected, seen);
    // As it should be, and there is more to say, such as what an edition cannot do.
    if (ok === true && seen !== expected) findings.note(`${name} of ${store}: ${seen}`);
  }
}

function readService(
  history: History,
  findings: Findings,
  { store, at }: { store: string; at: { host: string; port: number } },
): void {
  const found = all(history, 'read-service').find((one) => one.store === store);
  const subject = `read Service of ${store}`;
  if (found === undefined) findings.unknown(subject, 'refuses a write', 'not asked');
  else if (found.refused === null) findings.unknown(subject, 'refuses a write', found.detail);
  else {
    findings.agree(`address of the ${subject}`, `${at.host}:${at.port}`, found.address);
    findings.expect(`${subject} at ${found.address}`, found.refused, 'refuses a write', found.detail);
  }
}
