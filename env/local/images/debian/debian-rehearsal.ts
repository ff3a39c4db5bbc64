/** Debian recipes for images of the instance `rehearsal` (env/local/rehearsal). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE, finishServer, PG_BIN, POSTGRES, POSTGRES_SERVER, proveLinked } from './debian-recipes.ts';
import type { DebianRecipe } from './debian.ts';

/** PostgreSQL with repmgr, whose programs need no library that the server does not. */
export const REPMGR: DebianRecipe = {
  name: 'repmgr',
  parent: BASE,
  packages: [...POSTGRES_SERVER, 'postgresql-15-repmgr'],
  exclude: POSTGRES.exclude,
  finishVersion: 1,
  finish: (root, signal) => finishServer(root, [`${PG_BIN}/repmgr`, `${PG_BIN}/repmgrd`], signal),
};

const PROGRAM = '/usr/sbin/pgbouncer';

export const PGBOUNCER: DebianRecipe = {
  name: 'pgbouncer',
  parent: BASE,
  packages: [
    'pgbouncer',
    // shared libraries
    'libevent-2.1-7',
    'libc-ares2',
    'libssl3',
    'libpam0g',
    'libaudit1',
    'libcap-ng0',
    'libsystemd0',
    'libgcrypt20',
    'libgpg-error0',
    'libcap2',
    'liblz4-1',
    'liblzma5',
    'libzstd1',
  ],
  exclude: ['./etc/*', './usr/share/pgbouncer*'],
  finishVersion: 1,
  finish: (root, signal) => proveLinked(root, [PROGRAM], signal),
};

/** Folder of rsyslog's modules: shared objects, which it loads when its configuration names them. */
const RSYSLOG_MODULES = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/rsyslog`;

export const RSYSLOG: DebianRecipe = {
  name: 'rsyslog',
  parent: BASE,
  packages: [
    'rsyslog',
    'rsyslog-elasticsearch',
    // shared libraries of the server
    'libestr0',
    'libfastjson4',
    'libuuid1',
    'libzstd1',
    'zlib1g',
    'libsystemd0',
    'libgcrypt20',
    'libgpg-error0',
    'libcap2',
    'liblz4-1',
    'liblzma5',
    // and of the module for Elasticsearch
    'libcurl4',
    'libnghttp2-14',
    'libidn2-0',
    'libunistring2',
    'librtmp1',
    'libssh2-1',
    'libpsl5',
    'libssl3',
    'libgssapi-krb5-2',
    'libkrb5-3',
    'libk5crypto3',
    'libkrb5support0',
    'libkeyutils1',
    'libcom-err2',
    'libldap-2.5-0',
    'libsasl2-2',
    'libbrotli1',
    'libgnutls30',
    'libnettle8',
    'libhogweed6',
    'libgmp10',
    'libp11-kit0',
    'libtasn1-6',
    'libffi8',
  ],
  // Two modules need liblognorm, and parse by its rules: no configuration here has any.
  exclude: ['./etc/*', './usr/lib/rsyslog*', '*/rsyslog/mmnormalize.so', '*/rsyslog/pmnormalize.so'],
  finishVersion: 1,
  finish: async (root, signal) => {
    const modules = await readdir(join(root, RSYSLOG_MODULES));
    const programs = ['/usr/sbin/rsyslogd', ...modules.map((name) => `${RSYSLOG_MODULES}/${name}`)];
    await proveLinked(root, programs, signal);
  },
};
