import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { CommandError } from '../errors.ts';
import { broughtPackages, goingIn, noteInstalled, purgeBrought } from './installed.ts';

test('what apt would remove is read from its words', () => {
  const said = `NOTE: This is only a simulation!
Reading package lists...
Purg haproxy [2.6.12-1+deb12u3]
Remv other:i386 [1.0]
Inst something (1.0)
`;
  assert.deepEqual(goingIn(said), ['haproxy', 'other:i386']);
});

suite('packages that were brought', () => {
  let folder: string;
  const { PATH: path, PLUMBLINE_STATE: state } = process.env;
  const said = (): string[] => {
    const file = join(folder, 'said');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };

  function stub(name: string, script: string): void {
    const file = join(folder, 'bin', name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-installed-'));
    mkdirSync(join(folder, 'bin'));
    process.env['PATH'] = `${join(folder, 'bin')}:${path ?? ''}`;
    process.env['PLUMBLINE_STATE'] = join(folder, 'state');
    stub(
      'dpkg-query',
      `printf 'haproxy:amd64 installed\\nsocat:amd64 config-files\\nvim:amd64 installed\\n'`,
    );
  });
  afterEach(() => {
    process.env['PATH'] = path;
    if (state === undefined) delete process.env['PLUMBLINE_STATE'];
    else process.env['PLUMBLINE_STATE'] = state;
    rmSync(folder, { recursive: true });
  });

  test('are those that are still there, and none that were there before', async () => {
    assert.deepEqual(await broughtPackages(), []);
    noteInstalled(['socat:amd64']);
    noteInstalled(['haproxy:amd64']);
    assert.deepEqual(await broughtPackages(), ['haproxy:amd64']);
  });

  test('are removed, and no others', async () => {
    noteInstalled(['haproxy:amd64', 'socat:amd64']);
    stub('apt-get', `echo "$*" >>${join(folder, 'said')}; echo 'Purg haproxy [1]'`);
    assert.deepEqual(await purgeBrought(), ['haproxy:amd64']);
    assert.deepEqual(
      said().map((line) => line.replace(/^-q -o \S+ /, '')),
      ['-s purge haproxy:amd64', '-y purge haproxy:amd64'],
    );
    assert.deepEqual(await purgeBrought(), [], 'nothing is left to remove');
    assert.equal(said().length, 2);
  });

  test('stay where something else needs them by now', async () => {
    noteInstalled(['haproxy:amd64']);
    stub('apt-get', `echo "$*" >>${join(folder, 'said')}; printf 'Remv mine [1]\\nPurg haproxy [1]\\n'`);
    await assert.rejects(
      purgeBrought(),
      (error) =>
        error instanceof CommandError &&
        error.exitCode === 75 &&
        /^mine would go as well/.test(error.message),
    );
    assert.equal(said().length, 1);
    assert.deepEqual(await broughtPackages(), ['haproxy:amd64']);
  });
});
