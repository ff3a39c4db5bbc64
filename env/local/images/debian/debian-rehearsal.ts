/** Debian recipes for images of the instance `rehearsal` (env/local/rehearsal). */
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
