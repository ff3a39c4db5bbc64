/** How Redis and Sentinel are configured, and the scripts that start them. */

export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26379;
/** The name under which the Sentinels watch the master. */
export const MASTER = 'tender';
/** The volume. Both programs rewrite their configuration, so that it lies there too. */
export const DATA = '/data';

/** Replies of a master that are missing for so long make it "down" (CHECKS: Sentinel down-after 5 s). */
const DOWN_AFTER_MS = 5000;
/**
 * Within this a failover is done, and after twice as long it is tried again: with one of three Sentinels lost, the other two may stand
 * against each other, so that neither is elected. Longer than two readings of INFO, by which a promotion is seen.
 */
const FAILOVER_TIMEOUT_MS = 4000;
const QUORUM = 2;
/** How long a master that comes back waits to be replaced. Several times down-after: then nobody is there who could take over. */
const REPLACED_WITHIN_S = 30;
/** How long a member that has data looks for a Sentinel before it goes on as what it was. */
const SENTINEL_WITHIN_S = 15;

/** Addresses that stay: one Service a pod, since a pod that comes back has another address, and Sentinel forgets no old one. */
export interface Addresses {
  readonly members: readonly string[];
  readonly sentinels: readonly string[];
}

const own = (addresses: readonly string[]): string =>
  `set -- ${addresses.join(' ')}
shift "\${HOSTNAME##*-}"
own=$1`;

/**
 * A member follows whom the Sentinels name. One that they hold to be the master still, although it was gone, waits until they have
 * replaced it: were it back before they notice, its replicas would copy whatever it has, and if that is less, they would lose it.
 */
export function memberScript({ members, sentinels }: Addresses): string {
  return `#!/bin/sh
set -eu
umask 077
cd ${DATA}
${own(members)}

# Sets master and replicas as the first Sentinel that answers knows them.
ask() {
  for sentinel in ${sentinels.join(' ')}; do
    known=$(REDISCLI_AUTH=$SENTINEL_PASSWORD timeout 1 redis-cli -h "$sentinel" -p ${SENTINEL_PORT} --raw sentinel master ${MASTER} 2>/dev/null |
      awk 'NR % 2 { name = $0; next } { value[name] = $0 } END { print value["ip"], value["num-slaves"] }') || continue
    master=\${known% *} replicas=\${known#* }
    [ -z "$master" ] || return 0
  done
  return 1
}

waited=0
while :; do
  if ask; then
    if [ "$master" != "$own" ] || [ "$replicas" = 0 ] || [ $waited -ge ${REPLACED_WITHIN_S} ]; then break; fi
    [ $waited -gt 0 ] || echo 'The Sentinels hold this member to be the master: waiting to be replaced'
  else
    master=''
    if [ ! -f started ] || [ $waited -ge ${SENTINEL_WITHIN_S} ]; then break; fi
  fi
  sleep 1
  waited=$((waited + 1))
done
# Nobody to ask: what it was, or at the very first start the first member.
if [ -z "$master" ]; then
  if [ -f started ]; then master=$(awk '$1 == "replicaof" { print $2 }' redis.conf); master=\${master:-$own}; else master=${members[0] ?? ''}; fi
fi

cat > redis.conf <<END
port ${REDIS_PORT}
protected-mode no
dir ${DATA}
requirepass $REDIS_PASSWORD
masterauth $REDIS_PASSWORD
appendonly yes
appendfsync everysec
save ""
maxmemory 128mb
maxmemory-policy noeviction
min-replicas-to-write \${MIN_REPLICAS:-1}
min-replicas-max-lag 2
repl-ping-replica-period 1
repl-timeout 10
repl-diskless-sync-delay 0
replica-announce-ip $own
replica-announce-port ${REDIS_PORT}
END
if [ "$master" != "$own" ]; then echo "replicaof $master ${REDIS_PORT}" >> redis.conf; fi
touch started
echo "Starting as $own, the master is $master"
exec redis-server redis.conf
`;
}

/** A Sentinel keeps what it learnt: only its first start is told where the master is. */
export function sentinelScript({ members, sentinels }: Addresses): string {
  return `#!/bin/sh
set -eu
umask 077
cd ${DATA}
${own(sentinels)}
if [ ! -f sentinel.conf ]; then
  cat > sentinel.new <<END
port ${SENTINEL_PORT}
protected-mode no
dir ${DATA}
requirepass $SENTINEL_PASSWORD
sentinel sentinel-pass $SENTINEL_PASSWORD
sentinel announce-ip $own
sentinel announce-port ${SENTINEL_PORT}
sentinel monitor ${MASTER} ${members[0] ?? ''} ${REDIS_PORT} ${QUORUM}
sentinel auth-pass ${MASTER} $REDIS_PASSWORD
sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}
sentinel failover-timeout ${MASTER} ${FAILOVER_TIMEOUT_MS}
sentinel parallel-syncs ${MASTER} 2
END
  mv sentinel.new sentinel.conf
fi
exec redis-server sentinel.conf --sentinel
`;
}
