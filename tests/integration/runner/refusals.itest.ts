/**
 * What a machine lacks is said in one sentence with its remedy (exit 64) before anything of the machine is changed. Each case takes one thing
 * away, in namespaces of its own, and looks at the machine before and after.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runAny } from '../../../host/run.ts';
import { ROOT, scratch } from '../_helpers/runner-fixture.ts';

const LIMIT_MS = 60_000;
const folder = scratch();
const [cache, state] = [join(folder, 'cache'), join(folder, 'state')];

interface Refusal {
  readonly lacks: string;
  /** Bash that takes it away, as root in a mount namespace of its own. */
  readonly taken: string;
  /** What is put before the program. */
  readonly prefix?: string;
  /** The whole sentence. */
  readonly said: RegExp;
}

/** A folder with nothing but these commands. */
function commands(name: string, own: Readonly<Record<string, string>>, linked: readonly string[]): string {
  const bin = join(folder, name);
  mkdirSync(bin, { recursive: true });
  for (const tool of linked) {
    const { stdout } = spawnSync('bash', ['-c', `command -v ${tool}`], { encoding: 'utf8' });
    if (stdout !== '') symlinkSync(stdout.trim(), join(bin, tool));
  }
  for (const [tool, script] of Object.entries(own)) {
    writeFileSync(join(bin, tool), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, tool), 0o755);
  }
  return bin;
}

function fake(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const OTHERS = ['bash', 'ip', 'bridge', 'unshare', 'nsenter', 'dpkg-query', 'apt-get', 'modprobe'];
const withoutGo = commands('without-go', {}, OTHERS);
const oldGo = commands('old-go', { go: 'echo go1.19.8' }, OTHERS);
const without = (tool: string): string =>
  commands(`without-${tool}`, {}, ['go', ...OTHERS.filter((one) => one !== tool)]);
const nothingInstalled = commands(
  'nothing-installed',
  { 'dpkg-query': 'exit 1' },
  ['go', ...OTHERS].filter((one) => !['dpkg-query', 'apt-get'].includes(one)),
);
const meminfo = fake('meminfo', 'MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n');
const osRelease = fake('os-release', 'ID=debian\nVERSION_CODENAME=trixie\n');
const notLinux = fake('not-linux.mjs', "Object.defineProperty(process, 'platform', { value: 'darwin' });\n");

const REFUSALS: readonly Refusal[] = [
  {
    lacks: 'Linux',
    taken: `export NODE_OPTIONS=--import=${notLinux}`,
    said: /^the embedded environment needs Linux, this is darwin; run it on a Linux machine$/,
  },
  {
    lacks: 'root',
    taken: ':',
    // Nobody's number, and the files of root are read all the same.
    prefix: 'unshare --user',
    said: /^the embedded environment .* needs root, this is user \d+; open a root shell \(sudo -i\), .*$/,
  },
  {
    lacks: 'cgroups',
    taken: 'umount --recursive --lazy /sys/fs/cgroup',
    said: /^the cgroup v1 hierarchies of [\w, ]+ are not mounted, and neither is cgroup v2; mount them .*$/,
  },
  {
    lacks: 'a kernel module that can be loaded',
    taken: `grep -v overlay /proc/filesystems >${folder}/filesystems && mount --bind ${folder}/filesystems /proc/filesystems
[ ! -d /lib/modules ] || mount -t tmpfs none /lib/modules`,
    said: /^not in the kernel: overlay\b.*; .*type modprobe -a overlay\b.*$/,
  },
  {
    lacks: 'an SELinux that lets nodes be',
    taken: `mkdir -p ${folder}/cgroup && mount --rbind /sys/fs/cgroup ${folder}/cgroup
mount -t tmpfs none /sys/fs && mkdir /sys/fs/cgroup /sys/fs/selinux && echo 1 >/sys/fs/selinux/enforce
mount --rbind ${folder}/cgroup /sys/fs/cgroup`,
    said: /^SELinux is enforcing, and .*; type setenforce 0, and setenforce 1 again after `plumbline env down`$/,
  },
  {
    lacks: 'Go',
    taken: `export PATH=${withoutGo}`,
    said: /^the command go is not on PATH; install Go 1\.\d+\.\d+ or newer from https:\/\/go\.dev\/dl\/ .*$/,
  },
  {
    lacks: 'a Go that is young enough',
    taken: `export PATH=${oldGo}`,
    said: /^the command go is go1\.19\.8, which is too old; install Go 1\.\d+\.\d+ or newer from .*$/,
  },
  {
    lacks: 'a tool that no package brings',
    taken: `export PATH=${without('dpkg-query')}`,
    said: /^not on PATH: dpkg-query; use Debian or Ubuntu, or install them$/,
  },
  {
    lacks: 'packages, and apt-get',
    taken: `export PATH=${nothingInstalled}`,
    said: /^packages are missing and there is no apt-get to install them with: [\w., +-]+; use Debian or Ubuntu, or install them$/,
  },
  {
    lacks: 'packages for the images',
    taken: `unset PLUMBLINE_DEBIAN_MIRROR; mount --bind ${osRelease} "$(realpath /etc/os-release)"`,
    said: /^images are made of packages of Debian 12 \(bookworm\), .*; type export PLUMBLINE_DEBIAN_MIRROR=.*$/,
  },
  {
    lacks: 'disk to build on',
    taken: `mount -t tmpfs -o size=64m none ${cache}`,
    said: /^building needs [\d.]+ GiB of disk for \S+, 0\.1 GiB are free; free some, or set PLUMBLINE_CACHE .*$/,
  },
  {
    lacks: 'disk for the nodes',
    taken: `mount -t tmpfs -o size=64m none ${state}`,
    said: /^the size small needs [\d.]+ GiB of disk for \S+, 0\.1 GiB are free; free some, or set PLUMBLINE_STATE .*$/,
  },
  {
    lacks: 'memory',
    taken: `mount --bind ${meminfo} /proc/meminfo`,
    said: /^the size small needs [\d.]+ GiB of memory, 1\.0 GiB are available; free some$/,
  },
];

for (const { lacks, taken, prefix = '', said } of REFUSALS) {
  test(`a machine without ${lacks} is refused in one sentence, and nothing of it is changed`, async () => {
    for (const made of [cache, state]) {
      rmSync(made, { recursive: true, force: true });
      mkdirSync(made);
    }
    const before = lookedAt();
    const [up, check] = await Promise.all([
      tried({ taken, prefix, command: 'up' }),
      tried({ taken, prefix, command: 'check' }),
    ]);
    assert.equal(up.code, 64, `${up.stdout}${up.stderr}`);
    const [sentence = '', ...more] = up.stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('…'));
    assert.match(sentence, said);
    assert.deepEqual(more, []);
    assert.equal(check.code, 64, `${check.stdout}${check.stderr}`);
    const [what = ''] = sentence.split('; ');
    assert.ok(check.stdout.includes(what), check.stdout);
    assert.equal(lookedAt(), before);
  });
}

/** @param command of `plumbline env`; neither `up`, which is refused, nor `check` is in the other's way */
function tried({ taken, prefix, command }: { taken: string; prefix: string; command: string }) {
  const typed = `${prefix} ${process.execPath} cli/plumbline.mjs env ${command} --env local-small --with postgres`;
  return runAny(['unshare', '--mount', 'bash', '-c', `set -e\n${taken}\n${typed}`], {
    cwd: ROOT,
    timeoutMs: LIMIT_MS,
    env: { ...process.env, PLUMBLINE_CACHE: cache, PLUMBLINE_STATE: state },
  });
}

/** The machine, as somebody who prepares a fresh one looks at it, and the folders that would be filled. */
function lookedAt(): string {
  const look = execFileSync('bash', [join(ROOT, 'scripts', 'fresh-machine', 'look.sh')], {
    encoding: 'utf8',
  });
  return [look, ...[cache, state].map((one) => readdirSync(one, { recursive: true }).join('\n'))].join('\n');
}
