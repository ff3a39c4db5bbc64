/** The images of the stores, built only where the store is provisioned. */
import { APP_USER, POSTGRES, POSTGRES_USER } from './debian/debian-recipes.ts';
import { HAPROXY, RABBITMQ, RABBITMQ_HOME, REDIS } from './debian/debian-stores.ts';
import { ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER } from './elasticsearch.ts';
import { JAVA_RUNTIME, mavenLayer } from './java.ts';
import { base } from './recipes.ts';
import type { ImageRecipe } from './recipes.ts';

/** By the name of the store, as in `--with`. */
export const STORE_IMAGES: Readonly<Record<string, readonly ImageRecipe[]>> = {
  postgres: [
    {
      name: 'postgres',
      tag: { version: '15' },
      layers: [base, { kind: 'debian', recipe: POSTGRES }],
      run: {
        entrypoint: ['python3', '-m', 'patroni'],
        user: `${String(POSTGRES_USER)}:${String(POSTGRES_USER)}`,
        workdir: '/var/lib/postgresql',
        env: {
          PATH: '/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin',
          LANG: 'C.UTF-8',
          HOME: '/var/lib/postgresql',
          PYTHONUNBUFFERED: '1',
        },
      },
    },
  ],
  redis: [
    {
      name: 'redis',
      tag: { version: '7.0' },
      layers: [base, { kind: 'debian', recipe: REDIS }],
      run: { entrypoint: ['redis-server'], user: `${String(APP_USER)}:${String(APP_USER)}` },
    },
  ],
  elasticsearch: [
    {
      name: 'elasticsearch',
      tag: { version: '9.5.3' },
      layers: [base, JAVA_RUNTIME, ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER],
      run: { entrypoint: ['java'], user: `${String(APP_USER)}:${String(APP_USER)}`, workdir: '/tmp' },
    },
    {
      name: 'haproxy',
      tag: { version: '2.6' },
      layers: [base, { kind: 'debian', recipe: HAPROXY }],
      run: { entrypoint: ['haproxy'], user: `${String(APP_USER)}:${String(APP_USER)}` },
    },
  ],
  rabbitmq: [
    {
      name: 'rabbitmq',
      tag: { version: '3.10' },
      layers: [base, { kind: 'debian', recipe: RABBITMQ }],
      run: {
        entrypoint: ['rabbitmq-server'],
        user: `${String(APP_USER)}:${String(APP_USER)}`,
        workdir: '/tmp',
        env: {
          PATH: `${RABBITMQ_HOME}/sbin:/usr/lib/erlang/bin:/usr/local/bin:/usr/bin:/bin`,
          LANG: 'C.UTF-8',
        },
      },
    },
  ],
  neo4j: [
    {
      name: 'neo4j',
      tag: { version: '2026.08.1' },
      layers: [base, JAVA_RUNTIME, mavenLayer('neo4j', 'neo4j.lock', 'opt/neo4j/lib')],
      run: {
        entrypoint: ['java', '-cp', '/opt/neo4j/lib/*', 'org.neo4j.server.Neo4jCommunity'],
        user: `${String(APP_USER)}:${String(APP_USER)}`,
        workdir: '/tmp',
      },
    },
  ],
};
