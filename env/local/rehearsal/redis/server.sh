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
echo "Starting as $POD_IP, the master is $master"
exec redis-server server.conf
