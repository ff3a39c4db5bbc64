import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../../host/run.ts';

const SETTING = '/proc/sys/net/bridge/bridge-nf-call-iptables';

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'only root may make namespaces';
  return existsSync(SETTING) ? false : 'br_netfilter is not loaded, and a test must not load it';
}

/** These settings exist once per network namespace, so a new namespace serves as a machine. modprobe is a stub that does nothing. */
test(
  'with br_netfilter loaded, the packet filter is kept off the bridges of the host',
  { skip: whyNot() },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-modules-'));
    const before = readFileSync(SETTING, 'utf8');
    try {
      writeFileSync(join(folder, 'modprobe'), '#!/bin/sh\n', { mode: 0o755 });
      const load = `import { loadModules } from '${join(import.meta.dirname, 'modules.ts')}'; await loadModules(['br_netfilter']);`;
      const script = `cat ${SETTING} && "$0" --input-type=module -e "$1" && cat ${SETTING}`;
      const said = await run(['unshare', '--net', 'sh', '-c', script, process.execPath, load], {
        timeoutMs: 20_000,
        env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
      });
      assert.equal(said, '1\n0\n');
      assert.equal(readFileSync(SETTING, 'utf8'), before, 'the setting of the machine is unchanged');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
