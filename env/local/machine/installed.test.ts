import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { broughtPackages, comingIn, noteInstalled } from './installed.ts';
import { stubMachine, warningAbout } from '../_testing/machine.ts';
import type { StubbedMachine } from '../_testing/machine.ts';

test('the packages that apt would install are read from its output', () => {
  const said = `NOTE: This is only a simulation!
Reading package lists...
Purg haproxy [2.6.12-1+deb12u3]
Remv other:i386 [1.0]
Inst something (1.0)
Inst newer:i386 [1.0] (1.1 Debian:12.12/oldstable [i386])
Conf something (1.0)
`;
  assert.deepEqual(comingIn(said), ['something', 'newer:i386']);
});

suite('packages that were installed for Plumbline', () => {
  let machine: StubbedMachine;

  beforeEach(() => {
    machine = stubMachine();
    machine.stub(
      'dpkg-query',
      `printf 'haproxy:amd64 installed\\nsocat:amd64 config-files\\nvim:amd64 installed\\n'`,
    );
  });
  afterEach(() => {
    machine.remove();
  });

  test('are those that are still installed, without those that were installed before', async () => {
    assert.deepEqual(await broughtPackages(), []);
    noteInstalled(['socat:amd64']);
    noteInstalled(['haproxy:amd64']);
    assert.deepEqual(await broughtPackages(), ['haproxy:amd64']);
  });

  test('are not known if a power loss has emptied their record, until some are noted again', async () => {
    const record = join(machine.folder, 'state', 'installed.json');
    mkdirSync(join(machine.folder, 'state'));
    writeFileSync(record, '');
    const warning = warningAbout(record);
    assert.deepEqual(await broughtPackages(), []);
    assert.match(await warning, /cannot be read .* are not known any more, and stay$/);
    noteInstalled(['haproxy:amd64']);
    assert.deepEqual(await broughtPackages(), ['haproxy:amd64']);
  });
});
