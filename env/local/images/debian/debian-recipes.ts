/** The Debian parts of the images: a small base, and what PostgreSQL, kube-proxy and Node need on top of it. */
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianRecipe } from './debian.ts';
import { exec } from '../exec.ts';

/** User id of the reference services: `nonroot` of the distroless images. */
export const APP_USER = 65532;
/** User id of PostgreSQL. Debian's packages take any free system id, so a fixed one is equally good. */
export const POSTGRES_USER = 999;

const USERS = [
  ['root', 0, '/root'],
  ['nobody', 65534, '/nonexistent'],
  ['app', APP_USER, '/tmp'],
  ['postgres', POSTGRES_USER, '/var/lib/postgresql'],
] as const;

async function finishBase(root: string, signal?: AbortSignal): Promise<void> {
  const passwd = USERS.map(([name, id, home]) => `${name}:x:${String(id)}:${String(id)}::${home}:/bin/sh\n`);
  const group = USERS.map(([name, id]) => `${name}:x:${String(id)}:\n`);
  await writeFile(join(root, 'etc/passwd'), passwd.join(''));
  await writeFile(join(root, 'etc/group'), group.join(''));
  await writeFile(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  await mkdir(join(root, 'var/tmp'), { recursive: true, mode: 0o1777 });
  // The package contains these as folders; its maintainer script, which is not run here, would replace them with links.
  await rm(join(root, 'var/run'), { recursive: true, force: true });
  await symlink('/run', join(root, 'var/run'));
  await linkApplets(root, signal);
}

/** Links every busybox applet into /usr/bin, unless a package has installed a program of that name. */
async function linkApplets(root: string, signal?: AbortSignal): Promise<void> {
  const applets = (await exec('chroot', [root, '/bin/busybox', '--list'], { signal })).trim().split('\n');
  const taken = new Set([
    ...(await readdir(join(root, 'usr/bin'))),
    ...(await readdir(join(root, 'usr/sbin'))),
  ]);
  for (const applet of applets.filter((name) => !taken.has(name))) {
    await symlink('busybox', join(root, 'usr/bin', applet));
  }
}

export const BASE: DebianRecipe = {
  name: 'base',
  packages: ['base-files', 'libc6', 'libc-bin', 'busybox-static'],
  exclude: [
    './usr/share/initramfs-tools*',
    './usr/lib/*-linux-gnu/gconv/*',
    './usr/share/common-licenses/*',
    './sbin/ldconfig',
    './usr/bin/localedef',
    './etc/update-motd.d*',
    './boot',
    './usr/games',
    './usr/include',
  ],
  finishVersion: 2,
  finish: finishBase,
};

export const NFT: DebianRecipe = {
  name: 'nft',
  parent: BASE,
  packages: [
    'nftables',
    'libnftables1',
    'libedit2',
    'libbsd0',
    'libmd0',
    'libtinfo6',
    'libmnl0',
    'libnftnl11',
    'libxtables12',
    'libjansson4',
    'libgmp10',
    // For names of protocols. Without them nft lists numbers; kube-proxy then does not recognise its own rules and removes them all at
    // its hourly full sync.
    'netbase',
  ],
  exclude: ['./usr/share/nftables*'],
  finishVersion: 1,
  finish: (root, signal) => proveLinked(root, ['/usr/sbin/nft'], signal),
};

export const NODE_LIBRARIES: DebianRecipe = {
  name: 'node-libraries',
  parent: BASE,
  packages: ['libstdc++6', 'libgcc-s1'],
  exclude: ['./usr/share/gdb*', './usr/share/gcc*'],
  finishVersion: 1,
};

export const PG_BIN = '/usr/lib/postgresql/15/bin';
const PYTHON = '/usr/lib/python3/dist-packages';

/** Proves that PostgreSQL's programs and those named are complete, and makes the folders that its server needs. */
export async function finishServer(
  root: string,
  others: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const programs = ['postgres', 'psql', 'pg_rewind'].map((name) => `${PG_BIN}/${name}`);
  await proveLinked(root, [...programs, ...others], signal);
  for (const folder of ['var/lib/postgresql', 'run/postgresql']) {
    await mkdir(join(root, folder), { recursive: true });
    await exec('chown', [`${String(POSTGRES_USER)}:${String(POSTGRES_USER)}`, join(root, folder)]);
  }
}

async function finishPostgres(root: string, signal?: AbortSignal): Promise<void> {
  await finishServer(root, ['/usr/bin/python3.11'], signal);
  // Python is compiled once here: containers may not write the compiled files, and each start would cost a second of CPU.
  // unchecked-hash: the compiled file is used without comparing the source's modification time, which a layer does not keep.
  await exec(
    'chroot',
    [
      root,
      '/usr/bin/python3.11',
      '-m',
      'compileall',
      '-q',
      '--invalidation-mode',
      'unchecked-hash',
      PYTHON,
      '/usr/lib/python3.11',
    ],
    { signal },
  );
  await exec(
    'chroot',
    [root, '/usr/bin/python3.11', '-c', 'import patroni.dcs.kubernetes, patroni.ctl, psycopg2'],
    { signal },
  );
}

const LOADER = process.arch === 'arm64' ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2';

/** Fails the build if a program lacks a shared library. That can happen because the package lists are written by hand. */
export async function proveLinked(
  root: string,
  programs: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const program of programs) {
    const listing = await exec('chroot', [root, LOADER, '--list', program], {
      signal,
    });
    const missing = listing.split('\n').filter((line) => line.includes('not found'));
    if (missing.length > 0)
      throw new Error(
        `${program} lacks shared libraries: ${missing.join('; ').trim()}; add their packages to its recipe`,
      );
  }
}

/** libsystemd, and what it links to. */
export const SYSTEMD_LIBRARIES: readonly string[] = [
  'libsystemd0',
  'libgcrypt20',
  'libgpg-error0',
  'libcap2',
  'liblz4-1',
  'liblzma5',
  'libzstd1',
];

/** libldap with Kerberos and SASL, but for their TLS. */
export const LDAP_LIBRARIES: readonly string[] = [
  'libgssapi-krb5-2',
  'libkrb5-3',
  'libk5crypto3',
  'libkrb5support0',
  'libkeyutils1',
  'libcom-err2',
  'libldap-2.5-0',
  'libsasl2-2',
];

/** PostgreSQL's server and programs. */
export const POSTGRES_SERVER: readonly string[] = [
  'postgresql-15',
  'postgresql-client-15',
  'libpq5',
  'tzdata',
  // what the server links to
  'libicu72',
  'libstdc++6',
  'libgcc-s1',
  'libssl3',
  'libzstd1',
  'liblz4-1',
  'liblzma5',
  'zlib1g',
  'libxml2',
  'libpam0g',
  'libaudit1',
  'libcap-ng0',
  'libsystemd0',
  'libgcrypt20',
  'libgpg-error0',
  'libcap2',
  ...LDAP_LIBRARIES,
  'libgnutls30',
  'libnettle8',
  'libhogweed6',
  'libidn2-0',
  'libunistring2',
  'libtasn1-6',
  'libp11-kit0',
  'libffi8',
  'libgmp10',
  'libreadline8',
  'libtinfo6',
];

export const POSTGRES: DebianRecipe = {
  name: 'postgres',
  parent: BASE,
  packages: [
    ...POSTGRES_SERVER,
    // Python and Patroni
    'python3.11-minimal',
    'libpython3.11-minimal',
    'libpython3.11-stdlib',
    'python3-minimal',
    'libexpat1',
    'libbz2-1.0',
    'patroni',
    'python3-click',
    'python3-cdiff',
    'python3-dateutil',
    'python3-six',
    'python3-prettytable',
    'python3-wcwidth',
    'python3-psutil',
    'python3-urllib3',
    'python3-yaml',
    'libyaml-0-2',
    'python3-psycopg2',
  ],
  exclude: [
    '*/lib/bitcode*',
    '*/llvmjit*',
    '*/pgxs*',
    '*/pg_upgrade',
    '*/pgbench',
    './usr/share/postgresql-common*',
    './usr/share/zoneinfo/right*',
    './usr/share/zoneinfo/posix*',
    './usr/share/gdb*',
    './usr/share/gcc*',
    './usr/share/perl*',
    '*/lib2to3*',
    '*/ensurepip*',
    '*/idlelib*',
    '*/pydoc_data*',
    '*/turtledemo*',
    '*/distutils/*',
    '*/config-3.11*',
    './usr/share/patroni*',
    './usr/lib/*-linux-gnu/libicutest*',
    './usr/lib/*-linux-gnu/libicutu*',
    '*/__pycache__*',
    './usr/share/p11-kit*',
    './usr/lib/*-linux-gnu/sasl2*',
  ],
  finishVersion: 1,
  finish: finishPostgres,
};
