import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { proofGap } from './fault-proof.ts';

type Armed = Parameters<typeof proofGap>[0];
type Hit = Parameters<typeof proofGap>[1]['hit'][number];

const processes = '11@100 12@120 13@150';
const member = { name: 'pg-0', uid: 'uid-0', node: 'worker-1', found: 'processes', processes };
const other = { name: 'pg-1', uid: 'uid-1', node: 'worker-2', found: 'processes', processes: '7@90' };
const armed: Armed = { members: [member, other] };
const whole: Hit[] = [
  { uid: 'uid-0', node: 'worker-1', processes },
  { uid: 'uid-1', node: 'worker-2', processes: '7@90' },
];
/** @param change of what was hit of the first member */
const gapOf = (change: Partial<Hit>): string | null =>
  proofGap(armed, { hit: whole.map((one, at) => (at === 0 ? { ...one, ...change } : one)) });

describe('what a fault hit', () => {
  it('should be what was found when arming', () => {
    assert.equal(proofGap(armed, { hit: whole }), null);
    assert.equal(gapOf({ processes: '12@120 13@150' }), null, 'one had ended by itself');
    assert.equal(gapOf({ processes: `${processes} 20@150 21@900` }), null, 'two had begun since');
  });

  it('should be the same pod by its uid, on the same node', () => {
    assert.match(gapOf({ uid: 'uid-7' }) ?? '', /the pod uid-7 was hit, for which no fault was armed/);
    assert.match(gapOf({ node: 'worker-9' }) ?? '', /pg-0 was armed on worker-1, and hit on worker-9/);
    assert.match(gapOf({ node: null }) ?? '', /hit on no node/);
    assert.match(
      proofGap(armed, { hit: whole.slice(1) }) ?? '',
      /pg-0 \(uid-0\) was armed, and hit not at all/,
    );
    assert.match(proofGap(armed, { hit: [] }) ?? '', /pg-0 \(uid-0\) was armed, and hit not at all/);
    assert.match(proofGap(armed, { hit: [...whole, ...whole] }) ?? '', /more than once/);
  });

  it('should be the same container', () => {
    const moved = gapOf({ container: 'containerd://1' });
    assert.match(moved ?? '', /of pg-0 the container none was armed, and containerd:\/\/1 was hit/);
  });

  it('should be processes that were found, and none that was there and is of another pod', () => {
    const none = /none of the processes of pg-0 that were found/;
    assert.match(gapOf({ processes: '11@101 99@900' }) ?? '', none);
    assert.match(gapOf({ processes: '' }) ?? '', none);
    assert.match(
      proofGap(armed, { hit: [{ uid: 'uid-0', node: 'worker-1' }, ...whole.slice(1)] }) ?? '',
      none,
    );
    assert.match(gapOf({ processes: `${processes} 8@9` }) ?? '', /the process 8@9 was hit: it was there/);
  });
});
