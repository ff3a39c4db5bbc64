#!/bin/sh
# A member follows whom the Sentinels name. One that they hold to be the master still, although it was gone, waits until they have replaced
# it: were it back before they notice, its replicas would copy whatever it has, and if that is less, they would lose it.
set -eu
umask 077
cd /data
# Addresses that stay: one Service a pod, since a pod that comes back has another address, and Sentinel forgets no old one.
set -- {{block}}.128.41 {{block}}.128.42 {{block}}.128.43
shift "${HOSTNAME##*-}"
own=$1

# Sets master and replicas as the first Sentinel that answers knows them.
ask() {
  for sentinel in {{block}}.128.44 {{block}}.128.45 {{block}}.128.46; do
    known=$(REDISCLI_AUTH=$SENTINEL_PASSWORD timeout 1 redis-cli -h "$sentinel" -p 26379 --raw sentinel master tender 2>/dev/null |
      awk 'NR % 2 { name = $0; next } { value[name] = $0 } END { print value["ip"], value["num-slaves"] }') || continue
    master=${known% *} replicas=${known#* }
    [ -z "$master" ] || return 0
  done
  return 1
}

# A master that comes back waits 30 s to be replaced, several times the 5 s after which Sentinels call it down: then nobody is there who could
# take over. A member that has data looks 15 s for a Sentinel before it starts as what it was.
waited=0
while :; do
  if ask; then
    if [ "$master" != "$own" ] || [ "$replicas" = 0 ] || [ $waited -ge 30 ]; then break; fi
    [ $waited -gt 0 ] || echo 'The Sentinels hold this member to be the master: waiting to be replaced'
  else
    master=''
    if [ ! -f started ] || [ $waited -ge 15 ]; then break; fi
  fi
  sleep 1
  waited=$((waited + 1))
done
# Nobody to ask: what it was, or at the very first start the first member.
if [ -z "$master" ]; then
  if [ -f started ]; then master=$(awk '$1 == "replicaof" { print $2 }' redis.conf); master=${master:-$own}; else master={{block}}.128.41; fi
fi

# On the volume, since the program rewrites it.
cat > redis.conf <<END
port 6379
protected-mode no
dir /data
requirepass $REDIS_PASSWORD
masterauth $REDIS_PASSWORD
appendonly yes
appendfsync everysec
save ""
maxmemory 128mb
maxmemory-policy noeviction
min-replicas-to-write ${MIN_REPLICAS:-1}
min-replicas-max-lag 2
repl-ping-replica-period 1
repl-timeout 10
repl-diskless-sync-delay 0
replica-announce-ip $own
replica-announce-port 6379
END
if [ "$master" != "$own" ]; then echo "replicaof $master 6379" >> redis.conf; fi
touch started
echo "Starting as $own, the master is $master"
exec redis-server redis.conf
