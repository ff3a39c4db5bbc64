import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BROWSERS, missingOf, packagesFor } from './packages.ts';
import {
  PreflightError,
  availableBytes,
  cgroupsFound,
  findingsOf,
  judgeMachine,
  selinuxMode,
} from './preflight.ts';
import type { Machine, Need } from './preflight.ts';

const GIB = 1024 ** 3;
const MOUNTINFO = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids']
  .map((name, at) => `${at + 30} 22 0:${at} / /sys/fs/cgroup/${name} rw - cgroup cgroup rw,${name}`)
  .join('\n');

const GOOD: Machine = {
  platform: 'linux',
  uid: 0,
  cgroups: cgroupsFound(MOUNTINFO),
  missingModules: [],
  selinux: null,
  memoryAvailableBytes: 20 * GIB,
  cacheFreeBytes: 80 * GIB,
  stateFreeBytes: 80 * GIB,
  oneDisk: false,
  missingTools: [],
  goVersion: 'go1.26.8',
  missingPackages: [],
  hasApt: true,
  archive: { codename: 'bookworm' },
  othersInRange: [],
};
const SMALL: Need = {
  instance: 'local-small',
  size: 'small',
  built: false,
  hasDebian: false,
  up: false,
};

const BAD: readonly [string, Partial<Machine>, RegExp][] = [
  ['another system', { platform: 'darwin' }, /needs Linux, this is darwin; run it on a Linux machine/],
  ['not root', { uid: 1000 }, /needs root, this is user 1000; open a root shell \(sudo -i\), .*PATH/],
  [
    'no freezer',
    { cgroups: cgroupsFound(MOUNTINFO.replaceAll('freezer', 'xx')) },
    /hierarchies of freezer are not mounted/,
  ],
  ['no cgroup at all', { cgroups: cgroupsFound('') }, /of cpu, cpuacct, .* are not mounted.*; mount them/],
  [
    'cgroup v2 without memory',
    { cgroups: { version: 2, lacking: ['memory'], held: false } },
    /cgroup v2 has no memory; boot .*cgroup_enable=memory/,
  ],
  [
    "a container's cgroups",
    { cgroups: { version: 2, lacking: [], held: true } },
    /cgroup root seen here is a container's own .*; run it on the machine itself, or start the container with --cgroupns=host/,
  ],
  [
    'modules that modprobe does not find',
    {
      missingModules: [
        { name: 'br_netfilter', said: 'modprobe: FATAL: Module br_netfilter not found.' },
        { name: 'nf_conntrack', said: 'modprobe: FATAL: Module nf_conntrack not found.' },
      ],
    },
    /^not in the kernel: br_netfilter nf_conntrack \(modprobe: FATAL: .*\); in a container, type modprobe -a br_netfilter nf_conntrack on/,
  ],
  [
    'SELinux in enforcing mode',
    { selinux: selinuxMode('1') },
    /^SELinux is enforcing, .*; type setenforce 0, and setenforce 1 again after/,
  ],
  [
    'no Go',
    { missingTools: ['go'], goVersion: null },
    /go is not on PATH; install Go 1\.26\.6 or newer from https:.*, or unpack what another machine has built/,
  ],
  ['an old Go', { goVersion: 'go1.19.8' }, /go is go1\.19\.8, which is too old; install Go/],
  ['a Go that is a little too old', { goVersion: 'go1.26.5' }, /too old/],
  ['no ip and no apt', { missingTools: ['ip'], hasApt: false }, /not on PATH: ip; use Debian/],
  ['no package and no apt', { missingPackages: ['haproxy'], hasApt: false }, /install them with: haproxy/],
  [
    'another release and no mirror',
    { archive: { codename: 'noble', mirror: '' } },
    /^images are made of packages of Debian 12 \(bookworm\), .*; type export PLUMBLINE_DEBIAN_MIRROR=/,
  ],
  [
    'a proxy with addresses of the nodes',
    { othersInRange: ['198.19.0.1/30 on Meta', '198.19.0.0/16 on tun0'] },
    /^addresses of local-small \(198\.19\.0\.0\/18, .*\) are in use on this machine: 198\.19\.0\.1\/30 on Meta, 198\.19\.0\.0\/16 on tun0; leave that VPN, .*fake-ip/,
  ],
  [
    'a full disk',
    { cacheFreeBytes: GIB },
    /needs 12.0 GiB of disk .* 1.0 GiB are free; free some, or set PLUMBLINE_CACHE/,
  ],
  [
    'one disk that is too small for cache and state together',
    { oneDisk: true, cacheFreeBytes: 15 * GIB, stateFreeBytes: 15 * GIB },
    /^building and the nodes need 16\.0 GiB of disk .* together, 15\.0 GiB are free/,
  ],
  ['a full state disk', { stateFreeBytes: GIB }, /set PLUMBLINE_STATE/],
  ['little memory', { memoryAvailableBytes: GIB }, /needs 3.0 GiB of memory, 1.0 GiB are available/],
];

for (const [name, change, message] of BAD) {
  test(`${name} is refused with what to do`, () => {
    assert.throws(
      () => {
        judgeMachine({ ...GOOD, ...change }, SMALL);
      },
      (error: unknown) => error instanceof PreflightError && message.test(error.message),
    );
  });
}

test('every finding is listed, and each problem with its remedy', () => {
  const machine = {
    ...GOOD,
    uid: 1000,
    goVersion: null,
    missingTools: ['go', 'ip'],
    missingPackages: ['iproute2'],
  };
  const found = findingsOf(machine, SMALL);
  const inTheWay = found.filter(({ problem }) => problem !== null);
  assert.deepEqual(
    inTheWay.map(({ name, problem }) => [name, problem?.remedy.split(' ', 2).join(' ')]),
    [
      ['rights', 'open a'],
      ['Go', 'install Go'],
    ],
  );
  assert.equal(
    found.find(({ name }) => name === 'packages')?.found,
    'missing, apt-get will install them: iproute2',
  );
  const tools = (missing: string[]) =>
    findingsOf({ ...GOOD, missingTools: missing }, SMALL).find(({ name }) => name === 'tools')?.found;
  assert.deepEqual([tools(['go']), tools(['go', 'ip'])], ['there', 'missing, apt-get will install them: ip']);
  assert.deepEqual(
    findingsOf(GOOD, SMALL).map(({ problem }) => problem),
    Array(found.length).fill(null),
  );
});

test('a development version of Go, and the oldest sufficient release, pass', () => {
  for (const goVersion of ['go1.26.6', 'go1.27', 'go2.0', 'devel go1.28-abc'])
    judgeMachine({ ...GOOD, goVersion }, SMALL);
});

test('permissive SELinux, and a kernel without SELinux, pass', () => {
  assert.equal(selinuxMode(null), null);
  judgeMachine({ ...GOOD, selinux: selinuxMode('0') }, SMALL);
});

test('another release passes with a mirror, or with everything built of which its packages would be needed', () => {
  judgeMachine({ ...GOOD, archive: { codename: 'noble', mirror: 'http://mirror.test/debian' } }, SMALL);
  const noble: Machine = { ...GOOD, archive: { codename: 'noble' } };
  judgeMachine(noble, { ...SMALL, hasDebian: true });
  const programs: Need = { ...SMALL, built: true };
  assert.throws(() => judgeMachine(noble, programs), /images are made of packages of Debian 12/);
  const found = findingsOf(noble, programs).map((one) => [one.name, one.found]);
  assert.deepEqual(
    found.filter(([, text]) => text === 'built already'),
    [],
  );
});

test('a machine with cgroup v2 passes', () => {
  const root = mkdtempSync(join(tmpdir(), 'plumbline-preflight-'));
  try {
    writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu io memory hugetlb pids rdma misc\n');
    const mountinfo = `29 24 0:26 / ${root} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n`;
    const found = cgroupsFound(mountinfo);
    assert.deepEqual(found, { version: 2, lacking: [], held: false });
    judgeMachine({ ...GOOD, cgroups: found }, SMALL);
    // The files of a container with a cgroup namespace of its own.
    writeFileSync(join(root, 'cgroup.type'), 'domain\n');
    writeFileSync(join(root, 'cgroup.subtree_control'), '\n');
    writeFileSync(join(root, 'cgroup.procs'), '1\n');
    assert.equal(cgroupsFound(mountinfo).held, true);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a good machine passes, also one whose missing tools apt can install', () => {
  judgeMachine(GOOD, SMALL);
  judgeMachine({ ...GOOD, missingTools: ['ip', 'nsenter'], missingPackages: ['iproute2'] }, SMALL);
});

test('an environment that is up is refused no addresses: they are its own by now', () => {
  const shared: Machine = { ...GOOD, othersInRange: ['198.19.0.0/16 on tun0'] };
  const up: Need = { ...SMALL, up: true };
  judgeMachine(shared, up);
  assert.throws(() => judgeMachine(shared, SMALL), /addresses of local-small/);
  const said = (need: Need) => findingsOf(GOOD, need).find(({ name }) => name === 'addresses')?.found;
  const networks = '198.19.0.0/18, 198.19.64.0/18, 198.19.128.0/20';
  assert.equal(said(SMALL), `${networks}: free`);
  assert.equal(said(up), `${networks}: of the environment that is up`);
});

test('with everything built no disk space for building is needed, and for an environment that is up none at all', () => {
  const built: Need = { ...SMALL, built: true, hasDebian: true };
  judgeMachine({ ...GOOD, cacheFreeBytes: 0 }, built);
  judgeMachine(
    { ...GOOD, cacheFreeBytes: 0, stateFreeBytes: 0, memoryAvailableBytes: 0 },
    { ...built, up: true },
  );
});

test('what is still to be built needs disk space, also beside programs that are built or an environment that is up', () => {
  const full: Machine = { ...GOOD, cacheFreeBytes: 0 };
  const partly: Partial<Need>[] = [
    { built: true },
    { hasDebian: true },
    { up: true },
    { up: true, built: true },
  ];
  for (const some of partly)
    assert.throws(
      () => judgeMachine(full, { ...SMALL, ...some }),
      /^PreflightError: building needs 12\.0 GiB/,
    );
  // The nodes of an environment that is up have their part of the disk already.
  const shared: Machine = { ...GOOD, oneDisk: true, cacheFreeBytes: 13 * GIB, stateFreeBytes: 13 * GIB };
  judgeMachine(shared, { ...SMALL, up: true });
  assert.throws(() => judgeMachine(shared, SMALL), /building and the nodes need 16\.0 GiB/);
});

test('what is not there to look with is said to be unchecked', () => {
  const addresses = (missingTools: string[]) =>
    findingsOf({ ...GOOD, missingTools }, SMALL).find(({ name }) => name === 'addresses')?.found;
  assert.equal(addresses([]), '198.19.0.0/18, 198.19.64.0/18, 198.19.128.0/20: free');
  assert.equal(addresses(['ip']), 'not checked: ip is not installed yet');
});

test('available memory is read in bytes', () => {
  assert.equal(availableBytes('MemTotal: 9 kB\nMemAvailable:       2048 kB\n'), 2 * 1024 * 1024);
});

test('should require a browser only with telemetry, and only if none is installed', () => {
  const browser = 'chromium-headless-shell';
  const debian = { id: 'debian', codename: 'bookworm' };
  assert.ok(packagesFor(['postgres', 'telemetry'], () => false, debian).includes(browser));
  assert.ok(!packagesFor(['postgres'], () => false, debian).includes(browser));
  for (const there of BROWSERS)
    assert.ok(
      !packagesFor(['postgres', 'telemetry'], (tool) => tool === there, debian).includes(browser),
      there,
    );
  assert.ok(packagesFor([], (tool) => tool === 'mvn').includes('python3-pip'));
  const onUbuntu = packagesFor(['telemetry'], () => false, { id: 'ubuntu', codename: 'noble' });
  assert.ok(!onUbuntu.includes(browser) && onUbuntu.includes('debian-archive-keyring'));
});

test('a package that dpkg does not report as installed is missing', () => {
  const output = 'haproxy installed\nsocat config-files\nnftables installed\n';
  assert.deepEqual(missingOf(['haproxy', 'socat', 'nftables', 'kmod'], output), ['socat', 'kmod']);
});
