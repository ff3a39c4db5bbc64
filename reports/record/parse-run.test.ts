import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseRun } from './parse-run.ts';

it('false verdict 15: a record that does not say whether it is a whole profile is of another version, and is not read', () => {
  assert.throws(
    () => parseRun('{"schema":1,"profile":"gate"}'),
    /^OtherVersionError: a run record of version 1, and this Plumbline reads version 3/,
  );
  assert.throws(() => parseRun('{"schema":3}'), /ZodError|invalid/i);
});
