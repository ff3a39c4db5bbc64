#!/bin/sh
# failover.sh EVENT|check|promote: what repmgrd calls on a replica, when it loses and finds the primary, and when it would promote itself.
#
# A primary that seems dead may still commit what a replica acknowledges: a server that lets nobody in goes on serving who is in. So a replica that
# loses the primary stops receiving from it, and the logs, of which the longest wins the election, stand still. The check before the promotion
# makes sure of it: whatever was acknowledged is then in the log of one of the two replicas, and must be in ours.
set -u
. /etc/pg/members.sh
WAS=/tmp/primary_conninfo # what we have taken out of the setting of that name
# In that setting of the other replica: it may not go back to the old primary by itself any more.
PROMOTING='host=/promotion'

# on MEMBER ARGUMENTS of psql
on() {
  where="host=$1-0.pg dbname=postgres $SECURE"
  [ "$1" != "$MEMBER" ] || where='host=/run/pg user=postgres dbname=postgres'
  shift
  timeout 3 psql "$where" -XAtq "$@"
}

# set_upstream MEMBER CONNINFO
set_upstream() {
  echo "alter system set primary_conninfo = :'to'; select pg_reload_conf();" | on "$1" -v to="$2" >/dev/null
}

# In bytes; nothing of a member that is a primary or still receives.
LOG_END="select case when pg_is_in_recovery() and not exists (select from pg_stat_wal_receiver)
  then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn end"

lost() {
  now=$(on "$MEMBER" -c 'show primary_conninfo')
  [ -z "$now" ] || echo "$now" >$WAS
  set_upstream "$MEMBER" ''
}

found() {
  [ -s $WAS ] && [ -z "$(on "$MEMBER" -c 'show primary_conninfo')" ] && set_upstream "$MEMBER" "$(cat $WAS)"
}

check() {
  lost
  dead=$(sed -n "s/.*host='*\(pg-[abc]\)-0.*/\1/p" $WAS)
  other=$(echo "$MEMBERS" | tr ' ' '\n' | grep -vx -e "$MEMBER" -e "$dead")
  set_upstream "$other" "$PROMOTING" || return 1
  for look in 1 2 3 4 5 6 7 8 9 10; do
    ours=$(on "$MEMBER" -c "$LOG_END") theirs=$(on "$other" -c "$LOG_END")
    if [ -n "$ours" ] && [ -n "$theirs" ]; then
      echo "our log ends at $ours, that of $other at $theirs"
      [ "$ours" -ge "$theirs" ]
      return
    fi
    sleep 0.3
  done
  return 1
}

case "$1" in
  repmgrd_upstream_disconnect) lost ;;
  repmgrd_upstream_reconnect | repmgrd_standby_reconnect) found ;;
  check) check ;;
  promote) repmgr -f /tmp/repmgr.conf standby promote || { found; exit 1; } ;;
esac
