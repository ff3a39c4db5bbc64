#!/bin/sh
# A Sentinel in the pod of each member. It keeps what it learnt for as long as the pod lives; one in a new pod asks the others.
set -eu
umask 077
cd /run/watcher
. /etc/kv/ask.sh
LIMIT='timeout 2'
ordinal=${HOSTNAME##*-}
set -- $SENTINELS
shift "$ordinal"
own=$1

# Where nobody knows a master, the first member becomes it. It gives the others ten seconds to say otherwise.
if [ ! -f sentinel.conf ]; then
  waited=0
  until named; do
    if [ "$ordinal" = 0 ] && [ $waited -ge 10 ]; then
      master=$POD_IP
      break
    fi
    sleep 1
    waited=$((waited + 1))
  done
  {
    cat /etc/kv/watcher.conf
    echo "user watcher on >$WATCHER_PASSWORD &* +@all"
    sed -n "s/>PASSWORD/>$CANARY_PASSWORD/; /^user /p" /etc/kv/redis-sentinel.acl
    echo "sentinel sentinel-pass $WATCHER_PASSWORD"
    # The same one in a new pod: the others would count another one, and an old one that never votes, for ever.
    echo "sentinel myid $(printf %s "$HOSTNAME" | sha1sum | cut -c 1-40)"
    echo "sentinel announce-ip $own"
    echo "sentinel monitor kv $master 6379 2"
    echo "sentinel auth-user kv watcher"
    echo "sentinel auth-pass kv $WATCHER_PASSWORD"
    cat /etc/kv/monitor.conf
  } >sentinel.new
  mv sentinel.new sentinel.conf
  echo "Starting as $own, the master is $master"
fi

# replicas HOST: how many replicas a Sentinel knows that are up, and how many that are down.
replicas() {
  ask "$1" 26379 sentinel replicas kv | awk '
    before == "flags" && $0 == "slave" { up++ }
    before == "flags" && /s_down/ { down++ }
    { before = $0 }
    END { print up + 0, down + 0 }'
}

# A Sentinel forgets no address by itself. With two replicas up beside the master all members are there, and what is down is where one was. One
# that forgets has no replica to promote for some ten seconds: both others must know two.
stale() {
  ask 127.0.0.1 26379 sentinel ckquorum kv | grep -q '^OK 3 usable' || return 1
  for sentinel in $SENTINELS; do
    [ "$sentinel" = "$own" ] || [ "$(replicas "$sentinel" | cut -d ' ' -f 1)" -ge 2 ] || return 1
  done
  set -- $(replicas 127.0.0.1)
  [ "$1" -ge 2 ] && [ "$2" -gt 0 ]
}

# One Sentinel at a time, since it learns about the others again.
tidy() {
  while sleep 3; do
    [ $(($(date +%s) / 10 % 3)) = "$ordinal" ] || continue
    if stale; then
      echo "Forgetting addresses where no member is: $(ask 127.0.0.1 26379 sentinel reset kv)"
    fi
  done
}
LIMIT=
tidy &
exec redis-server sentinel.conf --sentinel
