import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runningOf, registeredOf } from './repmgr.ts';
import type { Look, Node } from './repmgr.ts';

const NODES: readonly Node[] = [
  { id: 1, type: 'primary', active: true },
  { id: 2, type: 'standby', active: true },
  { id: 3, type: 'standby', active: true },
];
const look = (node: number, more: Partial<Look> = {}): Look => ({
  member: `pg-${node - 1}`,
  node,
  running: true,
  paused: false,
  nodes: NODES,
  ...more,
});
const ALL = [look(1), look(2), look(3)];
const unseen = { member: 'pg-2', failed: 'connect ECONNREFUSED' };

describe('repmgr by its schema', () => {
  it('should hold only where every repmgrd is known to run and not to be paused', () => {
    const { name, ok, seen } = runningOf(ALL);
    assert.deepEqual([name, ok], ['repmgrd', true]);
    assert.match(seen, /failover= of repmgr\.conf was not seen/, 'it may be manual, as is the default');
    const said = (looks: Parameters<typeof runningOf>[0]) => {
      const condition = runningOf(looks);
      return `${String(condition.ok)}: ${condition.seen}`;
    };
    assert.equal(said([look(1), look(2, { paused: true })]), 'false: repmgrd of pg-1 is paused');
    assert.equal(said([look(1), look(2, { running: false })]), 'false: repmgrd of pg-1 does not run');
    assert.equal(said([look(1), unseen]), 'null: pg-2 cannot be asked: connect ECONNREFUSED');
    assert.match(said([look(1, { running: null })]), /^null: pg-0 does not know: .*shared_preload_libraries/);
    assert.equal(said([]), 'null: no member has an address');
    assert.match(said([look(1, { paused: true }), unseen]), /^false/, 'what is known counts more');
  });

  it('should know as many members as there are, a witness not among them', () => {
    const with4 = (node: Node) => [look(1, { nodes: [...NODES, node] }), look(2), look(3)];
    assert.equal(registeredOf(ALL, 'pg-0', 3).ok, true);
    assert.equal(registeredOf(with4({ id: 4, type: 'witness', active: true }), 'pg-0', 3).ok, true);
    assert.equal(registeredOf(with4({ id: 4, type: 'standby', active: false }), 'pg-0', 3).ok, false);
    assert.equal(registeredOf(ALL, 'pg-0', 4).ok, false);
    const gone = NODES.map((node) => ({ ...node, active: node.id !== 3 }));
    const { ok, seen } = registeredOf([look(1, { nodes: gone })], 'pg-0', 3);
    assert.deepEqual([ok, seen], [false, '2 active, node 3 inactive, primary: node 1; pg-0 leads as node 1']);
  });

  it('should hold the primary of repmgr against who leads, by what the leader itself says', () => {
    assert.equal(registeredOf(ALL, 'pg-1', 3).ok, false);
    assert.match(registeredOf(ALL, 'pg-1', 3).seen, /primary: node 1; pg-1 leads as node 2/);
    assert.equal(registeredOf([look(1, { node: null }), look(2)], 'pg-0', 3).ok, true, 'not known yet');
    const two = NODES.map((node) => ({ ...node, type: node.id < 3 ? 'primary' : 'standby' }));
    assert.equal(registeredOf([look(1, { nodes: two })], 'pg-0', 3).ok, false);
    assert.equal(registeredOf([unseen], 'pg-0', 3).ok, null);
  });
});
