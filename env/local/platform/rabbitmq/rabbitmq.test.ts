import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileOf, objectsWith } from '../_testing/platform.ts';

const ALIVE = fileOf(objectsWith(['rabbitmq']), 'rabbitmq-config', 'alive.sh');

/** What the probe makes of Erlang's answers about peers and virtual hosts: its exit status, and what Erlang was told to do. */
function aliveWith(answer: string, status: number, vhosts = '[]'): number | null {
  return probed(answer, status, vhosts).status;
}

function probed(answer: string, status: number, vhosts: string): { status: number | null; told: string } {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-alive-'));
  try {
    const tool = join(folder, 'erl_call');
    const told = join(folder, 'told');
    writeFileSync(
      tool,
      `#!/bin/sh\ncase "$*" in *partitions*) cat <<'END'\n${answer}\nEND\nexit ${status};; *-e) cat >'${told}';; *) echo '${vhosts}';; esac\n`,
    );
    chmodSync(tool, 0o755);
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, RABBITMQ_NODENAME: 'rabbit@one' };
    const { status: ended } = spawnSync('sh', ['-c', ALIVE], { env });
    return { status: ended, told: existsSync(told) ? readFileSync(told, 'utf8') : '' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('should start a member again that takes a peer for cut off, does not run or does not answer, and no other', () => {
  assert.equal(aliveWith('[]', 0), 0);
  assert.equal(aliveWith("{badrpc, {'EXIT', {noproc, {gen_server, call, [rabbit_node_monitor]}}}}", 0), 1);
  assert.equal(aliveWith("['rabbit@two']", 0), 1);
  assert.equal(aliveWith('', 14), 14);
});

test('should start virtual hosts that are down on a member, and call it well only once they are up', () => {
  const { status, told } = probed('[]', 0, '[<<"tender">>]');
  assert.equal(status, 1);
  assert.match(told, /init_vhost\(V\) \|\| V <- rabbit_vhost_sup_sup:check\(\)/);
  assert.deepEqual(probed('[]', 0, '[]'), { status: 0, told: '' });
});
