#!/bin/sh
# PID 1 of a member: prepares the data, runs the server, and beside it repmgrd and what mends the member. Ends when the server ends, with an
# error, so that kubelet starts the container again.
#
# Two primaries never both acknowledge a commit: each needs one of the two other members, and a replica follows one primary. failover.sh
# takes both replicas from the old primary before one of them is promoted.
set -u
. /etc/pg/members.sh
DATA=/srv/pg/main
NEW=/srv/pg/new
CONF=/tmp/repmgr.conf
AGAIN=/tmp/again
OTHERS=$(echo "$MEMBERS" | tr ' ' '\n' | grep -vx "$MEMBER")
export PGDATA=$DATA PGHOST=/run/pg
export PGDATABASE=postgres
server= keeper= stopping=

say() { echo "$(date -u +%FT%TZ) member: $*"; }

# As PostgreSQL and repmgr write it.
conninfo() { echo "host=$1-0.pg user=repmgr dbname=repmgr $SECURE"; }
number() { case "$1" in pg-a) echo 1 ;; pg-b) echo 2 ;; pg-c) echo 3 ;; esac; }

umask 077
echo "*:*:*:repmgr:$REPMGR_PASSWORD" >$PGPASSFILE
{
  cat /etc/pg/repmgr.conf
  echo "node_id=$NODE_ID"
  echo "node_name='$NODE_NAME'"
  echo "conninfo='$(conninfo "$MEMBER")'"
} >$CONF
rm -f $AGAIN

# ---- before the server starts

# The newest timeline of our data: that of the last checkpoint, or of a promotion since.
timeline() {
  checkpoint=$(pg_controldata -D $DATA | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
  history=$(ls $DATA/pg_wal | sed -n 's/^\([0-9A-F]\{8\}\)\.history$/\1/p' | sort | tail -n 1)
  history=$((0x${history:-0}))
  [ "$history" -gt "$checkpoint" ] && echo "$history" || echo "$checkpoint"
}

system() { pg_controldata -D $DATA | sed -n 's/^Database system identifier: *//p'; }

# The line of the leader among the others, if it is of our system and not older than our data.
leader() {
  line=$(ask_all $OTHERS | leading)
  if [ -n "$line" ] && [ -s $DATA/PG_VERSION ]; then
    set -- $line
    [ "$5" = "$(system)" ] || { say "$1 leads another system" >&2; return; }
    [ "$3" -ge "$(timeline)" ] || [ "$4" -gt 0 ] || { say "$1 leads an older timeline" >&2; return; }
  fi
  echo "$line"
}

# The first data of all, complete before anybody sees them.
initialise() {
  say 'nobody else is there: making a new system'
  rm -rf $NEW
  initdb -D $NEW -U postgres --data-checksums -E UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 >/dev/null || return 1
  echo "include '/etc/pg/postgresql.conf'" >>$NEW/postgresql.conf
  pg_ctl -D $NEW -w -s start -o "-c listen_addresses='' -c synchronous_standby_names=''" || return 1
  PGUSER=postgres psql -Xq -v ON_ERROR_STOP=1 -v repmgr="$REPMGR_PASSWORD" -v pooler="$POOLER_PASSWORD" -v bids="$BIDS_PASSWORD" -f /etc/pg/accounts.sql &&
    PGUSER=postgres psql -Xq -v password="$PLUMBLINE_PASSWORD" -f /etc/pg/plumbline.sql &&
    PGUSER=postgres psql -Xq -d repmgr -v repmgr=repmgr -f /etc/pg/plumbline-repmgr.sql
  made=$?
  pg_ctl -D $NEW -w -s stop -m fast
  [ $made = 0 ] && mv $NEW $DATA
}

clone() {
  say "copying the data of $1"
  rm -rf $NEW
  pg_basebackup -D $NEW -d "$(conninfo "$1")" -X stream -c fast || return 1
  rm -rf $DATA
  mv $NEW $DATA
}

follow() {
  auto=$DATA/postgresql.auto.conf
  sed -i '/^primary_conninfo/d' $auto
  echo "primary_conninfo = '$(conninfo "$1") application_name=$NODE_NAME passfile=$PGPASSFILE'" >>$auto
  touch $DATA/standby.signal
}

# Our data become those of a replica of the leader, which need not have the end of them.
rewind() {
  say "going back to where $1 leads on"
  rm -f $DATA/standby.signal
  psql "$(conninfo "$1")" -Xqc checkpoint &&
    pg_rewind -D $DATA --source-server="$(conninfo "$1")" --config-file=/etc/pg/postgresql.conf
}

prepare() {
  line=$(leader)
  lead=${line%% *}
  if [ ! -s $DATA/PG_VERSION ]; then
    [ -n "$lead" ] && clone "$lead" && follow "$lead" && return
    # Somebody who is there and does not lead will soon lead, or be led.
    [ "$MEMBER" = pg-a ] && ! ask_all $OTHERS | grep -qv silent && initialise && return
    return 1
  fi
  if [ -z "$lead" ]; then
    # Without a leader: as it was, or, if it was to go back, not yet.
    [ ! -e $AGAIN ]
    return
  fi
  # A replica goes on. One that cannot follow, and whoever led, go back first.
  if [ ! -e $DATA/standby.signal ] || [ -e $AGAIN ]; then
    rewind "$lead" || clone "$lead" || return 1
  fi
  follow "$lead"
}

# ---- beside the server

local_role() { timeout 2 psql -U postgres -XAtqc "$ROLE" 2>/dev/null; }

register() {
  set -- $(local_role)
  case "${1-}" in
    primary) repmgr -f $CONF primary register -F ;;
    replica)
      set -- $(ask_all $OTHERS | leading)
      [ $# -gt 0 ] && repmgr -f $CONF standby register -F --upstream-node-id="$(number "$1")"
      ;;
    *) return 1 ;;
  esac
}

# Whether another primary is in the right: nobody follows us, and it is followed or of a newer timeline.
outrun() {
  set -- "$2" $(ask_all $OTHERS | leading)
  [ $# -gt 1 ] && { [ "$5" -gt 0 ] || [ "$4" -gt "$1" ]; }
}

step_down() {
  say "$1"
  touch $AGAIN
  kill $repmgrd 2>/dev/null
  kill -INT "$server"
  exit
}

STREAMING="select count(*) from pg_stat_wal_receiver where status = 'streaming'"
PATIENCE=10 # looks, 2 s each: longer than a failover, in which nobody follows

keep() {
  repmgrd= alone=0
  trap 'kill $repmgrd 2>/dev/null; exit' TERM
  # A signal that comes before the trap is lost, so that it ends by itself with the server.
  until local_role >/dev/null; do
    kill -0 "$server" 2>/dev/null || exit
    sleep 0.5
  done
  while kill -0 "$server" 2>/dev/null; do
    if [ -z "$repmgrd" ] || ! kill -0 "$repmgrd" 2>/dev/null; then
      register >/tmp/register.log 2>&1 || { say "not registered: $(tail -n 2 /tmp/register.log | tr '\n' ' ')"; }
      repmgrd -f $CONF --daemonize=false --no-pid-file &
      repmgrd=$!
    fi
    sleep 2 &
    wait $!
    set -- $(local_role)
    case "${1-}" in
      primary)
        alone=0
        [ "$3" = 0 ] && outrun "$@" && step_down 'another primary leads: stopping to follow it'
        ;;
      replica)
        [ "$(timeout 2 psql -U postgres -XAtqc "$STREAMING")" = 0 ] && alone=$((alone + 1)) || alone=0
        [ $alone -ge $PATIENCE ] && [ -n "$(ask_all $OTHERS | leading)" ] && step_down 'cannot follow the primary: going back'
        ;;
    esac
  done
  [ -z "$repmgrd" ] || kill "$repmgrd" 2>/dev/null
}

# ---- PID 1

stop() {
  stopping=yes
  [ -n "$server" ] || exit 0
  kill -INT "$server" 2>/dev/null
}
trap stop TERM INT

while :; do
  until prepare; do sleep 1; done
  # Left by a server that was killed: its number may be that of another process now, which the server would take for itself.
  rm -f $AGAIN $DATA/postmaster.pid
  postgres -D $DATA -c config_file=/etc/pg/postgresql.conf &
  server=$!
  keep &
  keeper=$! code=0
  # A signal ends a wait.
  while kill -0 $server 2>/dev/null; do
    wait $server
    code=$?
  done
  server=
  kill $keeper 2>/dev/null
  wait $keeper
  [ -z "$stopping" ] || exit 0
  say "the server has ended with $code"
  [ -e $AGAIN ] || exit 1
done
