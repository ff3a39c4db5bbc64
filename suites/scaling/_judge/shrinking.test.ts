import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shrinkingS } from './shrinking.ts';

const onePod = { pods: 1, periodSeconds: 60 };
const tenth = { percent: 10, periodSeconds: 60 };

describe('shrinkingS', () => {
  const needs = (policiesDown: object[], selectDown?: 'Max' | 'Min' | 'Disabled', from = 5): number =>
    shrinkingS(
      { policiesDown: policiesDown as (typeof onePod)[], ...(selectDown && { selectDown }) },
      { from, to: 2 },
    );

  it('should let the first go at once, and each further one with its period', () => {
    assert.equal(needs([onePod]), 120);
    assert.equal(needs([{ pods: 2, periodSeconds: 30 }]), 30);
    assert.equal(needs([{ pods: 4, periodSeconds: 30 }]), 0);
    assert.equal(needs([onePod], 'Max', 2), 0);
  });

  it('should let pods go only when the controller looks, every 15 s', () => {
    assert.equal(needs([{ pods: 1, periodSeconds: 20 }]), 60);
    assert.equal(needs([{ pods: 1, periodSeconds: 1 }]), 30);
    // Of two policies the one that allows more at each look: two at once, one more at the first look after 31 s.
    const [often, many] = [
      { pods: 1, periodSeconds: 31 },
      { pods: 2, periodSeconds: 60 },
    ];
    assert.equal(needs([often, many]), 45);
  });

  it('should know that a share is cut to whole pods: a tenth of five lets one go', () => {
    assert.equal(needs([tenth]), 120);
    assert.equal(needs([{ percent: 100, periodSeconds: 15 }]), 0);
    // 20, 10, 5, 2: of those there were when the period began.
    assert.equal(needs([{ percent: 50, periodSeconds: 60 }], 'Max', 20), 120);
  });

  it('should take the policy that allows most, or least', () => {
    const all = { percent: 100, periodSeconds: 15 };
    assert.equal(needs([onePod, all]), 0);
    assert.equal(needs([onePod, all], 'Max'), 0);
    assert.equal(needs([onePod, all], 'Min'), 120);
  });

  it('should never end where scaling down is disabled, and take no time where nothing limits it', () => {
    assert.equal(needs([onePod], 'Disabled'), Infinity);
    assert.equal(needs([]), 0);
    assert.equal(shrinkingS({}, { from: 5, to: 2 }), 0);
    assert.equal(needs([{ pods: 0, periodSeconds: 60 }]), Infinity);
  });
});
