import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { safetyFolder } from '../runner/safety/lease/place.ts';
import { setVariable } from './_testing/variable.ts';
import { CommandError, EXIT } from './errors.ts';
import { cacheDir, stateRoot } from './paths.ts';

const FOLDERS = [
  { variable: 'PLUMBLINE_CACHE', folder: cacheDir, usual: '/var/cache/plumbline' },
  { variable: 'PLUMBLINE_STATE', folder: stateRoot, usual: '/var/lib/plumbline' },
  {
    variable: 'XDG_STATE_HOME',
    // It is that of an environment: three levels below.
    folder: () => join(safetyFolder('staging', undefined), '../../..'),
    usual: join(homedir(), '.local/state'),
  },
];

test('should take an empty variable for one that is not set, as CI servers set it', (context) => {
  for (const { variable, folder, usual } of FOLDERS)
    for (const value of ['', undefined]) {
      setVariable(context, variable, value);
      assert.equal(folder(), usual, variable);
    }
});

test('should refuse a relative folder, and name the variable', (context) => {
  for (const { variable, folder } of FOLDERS) {
    setVariable(context, variable, 'state');
    assert.throws(folder, (error: unknown) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.exitCode, EXIT.usage);
      assert.match(error.message, new RegExp(`${variable} is "state": it must be the absolute path`));
      return true;
    });
    setVariable(context, variable, '/absolute');
    assert.equal(folder(), '/absolute');
  }
});
