#!/bin/sh
# A member follows whom the Sentinels name; it does not start before one of them answers. A pod that comes back has another address: what the
# Sentinels name may be one that nobody has any more, so the member waits until they name a master that is there.
set -eu
umask 077
cd /data/kv
. /etc/kv/ask.sh
LIMIT='timeout 2'

# After 30 s, several times the 5 s after which Sentinels call a master down, nobody is there who could take over.
decided() {
  named || return 1
  [ $waited -lt 30 ] || return 0
  if [ "$master" = "$POD_IP" ]; then
    # Held to be the master still, although it was gone: were it back before they notice, its replicas would copy whatever it has.
    [ "$replicas" = 0 ]
  else
    [ "$(ask "$master" 6379 role | head -n 1)" = master ]
  fi
}

waited=0
until decided; do
  [ $waited -gt 0 ] || echo 'Waiting for the Sentinels to name a master to follow'
  sleep 1
  waited=$((waited + 1))
done

# On the volume, since the program rewrites it.
{
  cat /etc/kv/server.conf
  echo "replica-announce-ip $POD_IP"
  echo "masterauth $REPLICA_PASSWORD"
  echo "user replica on >$REPLICA_PASSWORD -@all +psync +replconf +ping"
  # What Redis' documentation lists for Sentinel.
  echo "user watcher on >$WATCHER_PASSWORD &* -@all +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info +client|setname +client|kill +script|kill"
  sed -n "s/>PASSWORD/>$CANARY_PASSWORD/; /^user /p" /etc/kv/redis.acl
  if [ "$master" != "$POD_IP" ]; then echo "replicaof $master 6379"; fi
} >server.conf
# A pod that is deleted without a grace may answer once more while its successor starts, which then follows an address that is gone; the Sentinels
# know nothing of a replica that never reached a master. It goes on to whom the Sentinel of this pod names.
follow() {
  while sleep 5; do
    set -- $(ask "$POD_IP" 6379 info replication | tr -d '\r' | awk -F: '
      $1 == "role" || $1 == "master_host" || $1 == "master_link_status" { value[$1] = $2 }
      END { print value["role"], value["master_link_status"], value["master_host"] }')
    [ "${1-} ${2-}" = 'slave down' ] || continue
    master=$(ask 127.0.0.1 26379 sentinel get-master-addr-by-name kv | head -n 1)
    case "$master" in '' | "$POD_IP" | "$3") continue ;; esac
    echo "Following $master instead of $3: $(ask "$POD_IP" 6379 slaveof "$master" 6379)"
  done
}

echo "Starting as $POD_IP, the master is $master"
LIMIT= # as in watcher.sh
follow &
exec redis-server server.conf
