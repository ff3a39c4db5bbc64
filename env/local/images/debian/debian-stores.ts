/** Debian recipes for Redis, RabbitMQ, and the authenticating proxy in front of stores without accounts. */
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE, proveLinked, SYSTEMD_LIBRARIES } from './debian-recipes.ts';
import type { DebianRecipe } from './debian.ts';

/** The authenticating proxy in front of a server that has no accounts of its own. */
export const HAPROXY: DebianRecipe = {
  name: 'haproxy',
  parent: BASE,
  packages: [
    'haproxy',
    'libcrypt1',
    'liblua5.3-0',
    'libopentracing-c-wrapper0',
    'libopentracing1',
    'libstdc++6',
    'libgcc-s1',
    'libpcre2-8-0',
    'libssl3',
    'libsystemd0',
    'libcap2',
    'libgcrypt20',
    'libgpg-error0',
    'liblz4-1',
    'liblzma5',
    'libzstd1',
  ],
  exclude: [
    './usr/share/gdb*',
    './usr/share/gcc*',
    './usr/share/vim*',
    './etc/rsyslog.d*',
    './var/lib/haproxy*',
  ],
  finishVersion: 1,
  finish: (root, signal) => proveLinked(root, ['/usr/sbin/haproxy'], signal),
};

/** Redis and Sentinel, which are the same program. */
export const REDIS: DebianRecipe = {
  name: 'redis',
  parent: BASE,
  packages: [
    'redis-server',
    'redis-tools',
    // shared libraries of both
    'libatomic1',
    'libjemalloc2',
    'liblzf1',
    'libstdc++6',
    'libgcc-s1',
    'libssl3',
    ...SYSTEMD_LIBRARIES,
  ],
  exclude: [
    '*/redis-benchmark',
    '*/redis-check-aof',
    './usr/share/gdb*',
    './usr/share/gcc*',
    './usr/bin/jemalloc*',
    './etc/redis*',
    './etc/init.d*',
    './etc/logrotate.d*',
    './var/l*',
  ],
  finishVersion: 1,
  finish: (root, signal) => proveLinked(root, ['/usr/bin/redis-server', '/usr/bin/redis-cli'], signal),
};

const RABBITMQ_LIB = 'usr/lib/rabbitmq/lib';
/** Path of the server that does not depend on its version. */
export const RABBITMQ_HOME = '/opt/rabbitmq';
/** Command-line tools to link: one program under several names. */
const RABBITMQ_TOOLS = ['rabbitmqctl', 'rabbitmq-queues'];

async function finishRabbitmq(root: string, signal?: AbortSignal): Promise<void> {
  const [version, ...more] = await readdir(join(root, RABBITMQ_LIB));
  if (version === undefined || more.length > 0)
    throw new Error(`expected one version in ${RABBITMQ_LIB}, found ${[version, ...more].join(', ')}`);
  const escripts = join(root, RABBITMQ_LIB, version, 'escript');
  for (const name of await readdir(escripts)) {
    if (!RABBITMQ_TOOLS.includes(name)) await rm(join(escripts, name));
  }
  await mkdir(join(root, 'opt'), { recursive: true });
  await symlink(`/${RABBITMQ_LIB}/${version}`, join(root, RABBITMQ_HOME));
  const [runtime] = (await readdir(join(root, 'usr/lib/erlang'))).filter((name) => name.startsWith('erts-'));
  const bin = `/usr/lib/erlang/${runtime ?? 'erts'}/bin`;
  await proveLinked(
    root,
    [`${bin}/beam.smp`, `${bin}/epmd`, `${bin}/erlexec`, `${bin}/inet_gethost`],
    signal,
  );
}

export const RABBITMQ: DebianRecipe = {
  name: 'rabbitmq',
  parent: BASE,
  packages: [
    'rabbitmq-server',
    // Erlang applications that RabbitMQ uses
    'erlang-base',
    'erlang-asn1',
    'erlang-crypto',
    'erlang-inets',
    'erlang-mnesia',
    'erlang-os-mon',
    'erlang-parsetools',
    'erlang-public-key',
    'erlang-runtime-tools',
    'erlang-ssl',
    'erlang-syntax-tools',
    'erlang-tools',
    'erlang-xmerl',
    // shared libraries of the Erlang runtime
    'libstdc++6',
    'libgcc-s1',
    'libtinfo6',
    'zlib1g',
    'libssl3',
    ...SYSTEMD_LIBRARIES,
  ],
  exclude: [
    './usr/share/gdb*',
    './usr/share/gcc*',
    './usr/share/rabbitmq-server*',
    './usr/sbin/rabbitmq*',
    './usr/bin/rabbitmqadmin',
    './usr/lib/ocf*',
    './var/log*',
    '*/erlang/lib/*/src*',
    '*/erlang/lib/*/include*',
    '*/erlang/lib/*/examples*',
    '*/erts-*/bin/erlc',
    '*/erts-*/bin/typer',
    '*/erts-*/bin/yielding_c_fun',
    // plugins that are never enabled
    '*/plugins/amqp10_client-*',
    '*/plugins/eetcd-*',
    '*/plugins/gun-*',
    '*/plugins/jose-*',
    '*/plugins/rabbitmq_amqp1_0-*',
    '*/plugins/rabbitmq_auth_*',
    '*/plugins/rabbitmq_aws-*',
    '*/plugins/rabbitmq_consistent_hash_exchange-*',
    '*/plugins/rabbitmq_event_exchange-*',
    '*/plugins/rabbitmq_federation*',
    '*/plugins/rabbitmq_jms_topic_exchange-*',
    '*/plugins/rabbitmq_mqtt-*',
    '*/plugins/rabbitmq_peer_discovery_aws-*',
    '*/plugins/rabbitmq_peer_discovery_consul-*',
    '*/plugins/rabbitmq_peer_discovery_etcd-*',
    '*/plugins/rabbitmq_random_exchange-*',
    '*/plugins/rabbitmq_recent_history_exchange-*',
    '*/plugins/rabbitmq_sharding-*',
    '*/plugins/rabbitmq_shovel*',
    '*/plugins/rabbitmq_stomp-*',
    '*/plugins/rabbitmq_stream*',
    '*/plugins/rabbitmq_top-*',
    '*/plugins/rabbitmq_tracing-*',
    '*/plugins/rabbitmq_trust_store-*',
    '*/plugins/rabbitmq_web_mqtt*',
    '*/plugins/rabbitmq_web_stomp*',
  ],
  finishVersion: 1,
  finish: finishRabbitmq,
};
