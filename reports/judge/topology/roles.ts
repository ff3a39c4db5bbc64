import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, seen, setting, text } from './findings.ts';

const LEADING = ['leader', 'master', 'primary'];
/** What stores call a member that follows: a streaming replica, a node that has joined the cluster, a copy of the database that is online. */
const FOLLOWING = ['streaming', 'joined', 'online'];

/** A member of a store in which nobody leads the cluster: each queue, say, has a leader of its own. */
const PEER = 'peer';

/** One primary, all other members stream from it, and the Service for reads refuses writes. */
export function judgeRoles(history: History): Judgement {
  const findings = new Findings(history);
  const stores =
    (setting(history, 'stores') as
      Record<string, { members: number; replica?: unknown } | undefined> | undefined) ?? {};
  for (const [store, declared] of Object.entries(stores)) {
    if (declared === undefined) continue;
    members(history, findings, { store, wanted: declared.members });
    conditions(history, findings, store);
    if (declared.replica !== undefined) readService(history, findings, store);
  }
  return findings.conclude(
    'every store with one primary, all other members following it, and reads that refuse writes',
  );
}

function members(history: History, findings: Findings, of: { store: string; wanted: number }): void {
  const found = seen(history, 'member').filter((member) => text(member, 'store') === of.store);
  const down = seen(history, 'store-down').find((one) => text(one, 'store') === of.store);
  if (down !== undefined) {
    // A store that is declared and does not answer is a failure, never a smaller profile.
    findings.expect(of.store, false, `${of.wanted} members`, text(down, 'reason'));
    return;
  }
  const peers = found.filter((member) => text(member, 'role') === PEER);
  const leaders = found.filter((member) => LEADING.includes(text(member, 'role')));
  findings.figure({ name: `members of ${of.store}`, value: found.length, goal: of.wanted });
  if (peers.length === 0)
    findings.expect(
      `primary of ${of.store}`,
      leaders.length === 1,
      'exactly one',
      leaders.map((leader) => text(leader, 'name')).join(', ') || 'none',
    );
  findings.expect(
    `members of ${of.store}`,
    found.length === of.wanted,
    String(of.wanted),
    `${found.length}: ${found.map((member) => text(member, 'name')).join(', ')}`,
  );
  for (const member of peers)
    findings.expect(
      `${of.store} ${text(member, 'name')}`,
      text(member, 'state') === 'running',
      'a member that runs',
      text(member, 'state'),
    );
  for (const member of found.filter((one) => !leaders.includes(one) && !peers.includes(one))) {
    findings.expect(
      `${of.store} ${text(member, 'name')}`,
      FOLLOWING.includes(text(member, 'state')),
      `a member that follows (${FOLLOWING.join(', ')})`,
      `${text(member, 'role')}, ${text(member, 'state')}`,
    );
  }
}

/** What the store says must hold besides, such as its health. */
function conditions(history: History, findings: Findings, store: string): void {
  for (const one of seen(history, 'condition').filter((found) => text(found, 'store') === store)) {
    const [name, wanted, found] = [text(one, 'name'), text(one, 'expected'), text(one, 'seen')];
    findings.expect(`${name} of ${store}`, one['ok'] === true, wanted, found);
    // As it should be, and there is more to say, such as what an edition cannot do.
    if (one['ok'] === true && found !== wanted) findings.note(`${name} of ${store}: ${found}`);
  }
}

function readService(history: History, findings: Findings, store: string): void {
  const found = seen(history, 'read-service').find((one) => text(one, 'store') === store);
  const subject = `read Service of ${store}`;
  if (found === undefined) findings.unknown(subject, 'refuses a write', 'not asked');
  else if (found['error'] === true) findings.unknown(subject, 'refuses a write', text(found, 'detail'));
  else
    findings.expect(
      `${subject} at ${text(found, 'address')}`,
      found['refused'] === true,
      'refuses a write',
      text(found, 'detail'),
    );
}
