/** Debian recipes for images of the instance `rehearsal` (env/local/rehearsal). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BASE,
  finishServer,
  LDAP_LIBRARIES,
  PG_BIN,
  POSTGRES,
  POSTGRES_SERVER,
  proveLinked,
  SYSTEMD_LIBRARIES,
} from './debian-recipes.ts';
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
    ...SYSTEMD_LIBRARIES,
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
    'zlib1g',
    ...SYSTEMD_LIBRARIES,
    // and of the module for Elasticsearch
    'libcurl4',
    'libnghttp2-14',
    'libidn2-0',
    'libunistring2',
    'librtmp1',
    'libssh2-1',
    'libpsl5',
    'libssl3',
    ...LDAP_LIBRARIES,
    'libbrotli1',
    'libgnutls30',
    'libnettle8',
    'libhogweed6',
    'libgmp10',
    'libp11-kit0',
    'libtasn1-6',
    'libffi8',
  ],
  // Two modules parse by the rules of liblognorm, which is left out: the configuration here has no such rules.
  exclude: ['./etc/*', './usr/lib/rsyslog*', '*/rsyslog/mmnormalize.so', '*/rsyslog/pmnormalize.so'],
  finishVersion: 1,
  finish: async (root, signal) => {
    const modules = await readdir(join(root, RSYSLOG_MODULES));
    const programs = ['/usr/sbin/rsyslogd', ...modules.map((name) => `${RSYSLOG_MODULES}/${name}`)];
    await proveLinked(root, programs, signal);
  },
};
