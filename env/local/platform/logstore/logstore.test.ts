import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outdated } from './lines.ts';

test('should delete indices of days long ago, and nothing else', () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const names = ['logs-2026.11.24', 'logs-2026.11.21', 'logs-2026.11.20', 'logs-other', 'tenders'];
  assert.deepEqual(outdated(names, now), ['logs-2026.11.21', 'logs-2026.11.20']);
});
