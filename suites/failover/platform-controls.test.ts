import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allControls } from '../catalogue/loaded.ts';

const platformControls = (await allControls()).filter(({ check }) => check.startsWith('failover/'));

test('should judge requests after the time in which the loss of a node may go unnoticed', () => {
  const control = platformControls.find(({ id }) => id === 'failover/backend/node-loss/one-pod');
  const { detectionSeconds, windowSeconds } = control?.settings?.goals ?? {};
  assert.ok(Number(windowSeconds) > Number(detectionSeconds), `${String(windowSeconds)} s`);
});
