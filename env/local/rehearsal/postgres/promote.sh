#!/bin/sh
# promote.sh check|promote: repmgrd calls it on the replica that it would promote, first to check (failover_validation_command; if that fails, it
# elects again), then to promote.
#
# A primary that seems dead may still commit what the other replica acknowledges. So the check first takes both replicas from it, and only then
# compares their logs: whatever was acknowledged is in one of them, and must be in ours.
set -u
. /etc/pg/members.sh
CUT=/tmp/cut # the setting primary_conninfo of each replica that was cut off, by its member

# on MEMBER ARGUMENTS of psql
on() {
  where="host=$1-0.pg dbname=postgres $SECURE"
  [ "$1" != "$MEMBER" ] || where='host=/run/pg user=postgres dbname=postgres'
  shift
  timeout 3 psql "$where" -XAtq "$@"
}

UPSTREAM="select case when pg_is_in_recovery() then current_setting('primary_conninfo') end"
# In bytes; nothing of a member that is a primary or still receives.
LOG_END="select case when pg_is_in_recovery() and not exists (select from pg_stat_wal_receiver)
  then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn end"

cut_off() {
  was=$(on "$1" -c "$UPSTREAM") && [ -n "$was" ] || return 1
  echo "$was" >$CUT/$1
  on "$1" -c "alter system set primary_conninfo = ''" -c 'select pg_reload_conf()' >/dev/null
}

restore() {
  for member in $(ls $CUT); do
    echo "alter system set primary_conninfo = :'was'; select pg_reload_conf();" |
      on "$member" -v was="$(cat $CUT/$member)" >/dev/null && rm $CUT/$member
  done
}

check() {
  rm -rf $CUT
  mkdir $CUT
  dead=$(on "$MEMBER" -c "$UPSTREAM" | sed -n "s/.*host='*\(pg-[abc]\)-0.*/\1/p")
  other=$(echo "$MEMBERS" | tr ' ' '\n' | grep -vx -e "$MEMBER" -e "$dead")
  cut_off "$other" && cut_off "$MEMBER" || return 1
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
  check) check ;;
  promote) repmgr -f /tmp/repmgr.conf standby promote && rm -rf $CUT ;;
esac || {
  restore
  exit 1
}
