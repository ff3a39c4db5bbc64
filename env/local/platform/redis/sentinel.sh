#!/bin/sh
# A Sentinel keeps what it learnt: only its first start is given the place of the master.
#
# A master whose replies are missing for 5 s is down for a Sentinel, and two of three must agree. A failover is done within 4 s, and tried
# again after twice as long: with one of three Sentinels lost, the other two may stand against each other, so that neither is elected. That
# is longer than two readings of INFO, by which a promotion is seen.
set -eu
umask 077
cd /data
set -- {{block}}.128.44 {{block}}.128.45 {{block}}.128.46
shift "${HOSTNAME##*-}"
own=$1
if [ ! -f sentinel.conf ]; then
  cat > sentinel.new <<END
port 26379
protected-mode no
dir /data
requirepass $SENTINEL_PASSWORD
sentinel sentinel-pass $SENTINEL_PASSWORD
sentinel announce-ip $own
sentinel announce-port 26379
sentinel monitor tender {{block}}.128.41 6379 2
sentinel auth-pass tender $REDIS_PASSWORD
sentinel down-after-milliseconds tender 5000
sentinel failover-timeout tender 4000
sentinel parallel-syncs tender 2
END
  mv sentinel.new sentinel.conf
fi
exec redis-server sentinel.conf --sentinel
