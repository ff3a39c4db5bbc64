import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../catalogue/index.ts';
import { nameOf } from './lines.ts';

test('no two checks call their writers the same: they may run at the same time', () => {
  const names = catalogue()
    .filter(({ id }) => id.startsWith('telemetry/'))
    .map(nameOf);
  assert.equal(new Set(names).size, names.length);
  assert.equal(nameOf({ id: 'telemetry/logs/canary' }), 'lines-logs-canary');
  for (const name of names) assert.match(name, /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
});
