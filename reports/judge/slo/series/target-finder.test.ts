import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Series } from '../../../record/objective.ts';
import { targetFinder } from './target-finder.ts';

type Labels = Series['labels'];

const up = (instance: string, more: Labels = {}): Series => ({
  labels: { __name__: 'up', job: 'kong', instance, ...more },
  points: [],
});
const instanceOf = (ups: Series[], labels: Labels): string | undefined =>
  targetFinder(ups).upOf({ job: 'kong', ...labels })?.labels['instance'];

describe('the target of a series', () => {
  it('should be the one whose labels it has', () => {
    assert.equal(instanceOf([up('a'), up('b')], { instance: 'b', code: '200' }), 'b');
  });

  it('should be the one at its address where it has other labels, or lacks some', () => {
    const ups = [up('a', { service: 'proxy', pod: 'kong-1' }), up('b', { service: 'proxy', pod: 'kong-2' })];
    assert.equal(instanceOf(ups, { instance: 'b', service: 'orders', pod: 'kong-2' }), 'b');
    assert.equal(instanceOf(ups, { instance: 'b' }), 'b');
    assert.equal(instanceOf(ups, { pod: 'kong-1', service: 'proxy' }), 'a', 'the address was dropped');
  });

  it('should be the one whose pod it names where it has an address of its own', () => {
    const ups = [up('a', { pod: 'kong-1' }), up('b', { pod: 'kong-2' })];
    assert.equal(instanceOf(ups, { instance: 'kong-2', pod: 'kong-2', status: '200' }), 'b');
    assert.equal(instanceOf(ups, { instance: 'kong-3', pod: 'kong-3' }), undefined);
    // The address decides where a target has it.
    assert.equal(instanceOf(ups, { instance: 'a', pod: 'kong-2', status: '200' }), 'a');
    const both = [up('a:1', { pod: 'kong-1' }), up('a:2', { pod: 'kong-1' })];
    assert.equal(
      targetFinder(both).whyNone({ job: 'kong', instance: 'own', pod: 'kong-1' }),
      '2 targets of its job have pod="kong-1", and it does not say by instance which of them it is of',
    );
  });

  it('should be the one of several at an address with which it agrees most', () => {
    const ups = [up('a', { pod: 'old', service: 'proxy' }), up('a', { pod: 'new', service: 'proxy' })];
    const { upOf } = targetFinder(ups);
    assert.equal(upOf({ job: 'kong', instance: 'a', pod: 'new', service: 'orders' }), ups[1]);
    assert.equal(upOf({ job: 'kong', instance: 'a', service: 'orders' }), undefined);
  });

  it('should be none of another job, and none without an address', () => {
    assert.equal(targetFinder([up('a')]).upOf({ job: 'other', instance: 'a', code: '1' }), undefined);
    assert.equal(instanceOf([up('a', { pod: 'x' })], { code: '200' }), undefined);
  });

  it('should be missed with the label that differs', () => {
    const ups = [up('a', { pod: 'old' }), up('a', { pod: 'new' })];
    const { whyNone } = targetFinder(ups);
    assert.equal(whyNone({ job: 'kong', instance: 'c' }), 'no target of its job has instance="c"');
    assert.equal(
      whyNone({ job: 'kong', instance: 'a' }),
      '2 targets of its job have instance="a", and it does not say by pod which of them it is of',
    );
    assert.equal(whyNone({ job: 'kong' }), 'it has no label instance or pod');
  });

  it('should have one key for all its series', () => {
    const { keyOf } = targetFinder([up('a', { service: 'proxy' }), up('b', { service: 'proxy' })]);
    const own = { job: 'kong', instance: 'a' };
    assert.equal(keyOf({ ...own, service: 'orders' }), keyOf({ ...own, service: 'users', code: '200' }));
    assert.notEqual(
      keyOf({ ...own, service: 'orders' }),
      keyOf({ ...own, instance: 'b', service: 'orders' }),
    );
  });
});
