# Addresses of the Sentinels, which stay while those of the pods change.
SENTINELS='{{block}}.128.41 {{block}}.128.42 {{block}}.128.43'

# ask HOST PORT COMMAND…: as the Sentinels' user; nothing where nobody answers within LIMIT. What asks its own server sets none: busybox's
# `timeout` leaves a process to the first one of the container, which may be one that does not clear up.
LIMIT=
ask() {
  host=$1 port=$2
  shift 2
  REDISCLI_AUTH=$WATCHER_PASSWORD $LIMIT redis-cli --tls --cacert /etc/kv-tls/ca.crt --user watcher \
    -h "$host" -p "$port" --raw "$@" 2>/dev/null || :
}

# Sets master and replicas, how many it knows, as the first Sentinel that answers has them.
named() {
  for sentinel in $SENTINELS; do
    known=$(ask "$sentinel" 26379 sentinel master kv |
      awk 'NR % 2 { name = $0; next } { value[name] = $0 } END { print value["ip"], value["num-slaves"] }')
    master=${known% *} replicas=${known#* }
    [ -z "$master" ] || return 0
  done
  return 1
}
