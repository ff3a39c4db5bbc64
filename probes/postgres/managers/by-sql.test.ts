import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { membersIn, steadyIn } from './by-sql.ts';
import type { Look } from './by-sql.ts';

const look = (index: number, more: Partial<Look> = {}): Look => ({
  member: { name: `pg-${index}`, address: `198.18.0.${index}` },
  replica: true,
  timeline: 0,
  synchronous: '',
  receivers: [],
  ...more,
});
const receiver = (name: string, address: string, sync_state = 'async') => ({
  name,
  address,
  sync_state,
  state: 'streaming',
});
const leading = (more: Partial<Look> = {}): Look =>
  look(0, {
    replica: false,
    timeline: 3,
    receivers: [receiver('pg-1', '198.18.0.1'), receiver('pg-2', '198.18.0.2')],
    ...more,
  });

describe('roles of PostgreSQL by SQL', () => {
  it('should take a receiver by its name, or by an address that no other has', () => {
    const unnamed = leading({
      receivers: [
        receiver('walreceiver', '198.18.0.1', 'sync'),
        receiver('walreceiver', '198.18.0.2', 'quorum'),
      ],
    });
    const words = membersIn([unnamed, look(1), look(2)]).map(({ role, state }) => `${role} ${state}`);
    assert.deepEqual(words, ['leader running', 'sync_standby streaming', 'quorum_standby streaming']);
    const ambiguous = leading({
      receivers: [receiver('walreceiver', '198.18.0.1'), receiver('pg_basebackup', '198.18.0.1')],
    });
    assert.equal(membersIn([ambiguous, look(1)])[1]?.state, 'not streaming');
  });

  it('should follow the newer timeline where two take writes, and call neither the leader', () => {
    const old = look(1, { replica: false, timeline: 2, receivers: [receiver('pg-2', '198.18.0.2', 'sync')] });
    const looks = [old, leading({ receivers: [] }), look(2)];
    assert.deepEqual(
      membersIn(looks).map(({ role, state }) => `${role} ${state}`),
      ['leader running', 'leader running', 'replica not streaming'],
    );
    const { ok, leader, detail } = steadyIn(looks, 3);
    assert.deepEqual([ok, leader], [false, null]);
    assert.match(detail, /one member that is not in recovery, seen: pg-1: leader, running; pg-0: leader/);
  });

  it('should be steady with every declared replica, and a synchronous one where commits wait', () => {
    const all = [leading(), look(1), look(2)];
    assert.equal(steadyIn(all, 3).ok, true);
    assert.match(steadyIn(all.slice(0, 2), 3).detail, /expected 2 replicas streaming, seen/);
    const waits = leading({ synchronous: '*' });
    assert.match(steadyIn([waits, look(1), look(2)], 3).detail, /one of them synchronous/);
    const sync = [receiver('pg-1', '198.18.0.1', 'sync'), receiver('pg-2', '198.18.0.2')];
    assert.equal(steadyIn([leading({ synchronous: '*', receivers: sync }), look(1), look(2)], 3).ok, true);
    assert.equal(steadyIn([leading({ synchronous: '*', receivers: [] })], 1).ok, true, 'alone');
  });

  it('should name a member that does not answer, and none that leads', () => {
    const silent = look(0, { failed: new Error('refused') });
    assert.equal(membersIn([silent])[0]?.state, 'does not answer: refused');
    assert.deepEqual(
      [steadyIn([silent, look(1)], 2).ok, steadyIn([silent, look(1)], 2).leader],
      [false, null],
    );
  });
});
