#!/bin/sh
# Leads PgBouncer to the primary: asks who leads, and where that changes, names the new one and drops every connection to the old one, whose
# answers may never come.
set -u
export PGUSER=pooler
. /etc/pg/members.sh
RUN=/run/pooler
DATABASES='plumbline bids' # what clients may ask for
EVERY=1 # seconds between two looks at the leader, each some ten processes
ALL_EVERY=3 # looks: so often the others are asked too while the leader answers
lead= looks=0
trap 'exit 0' TERM INT

umask 027
echo "*:*:*:pooler:$POOLER_PASSWORD" >$PGPASSFILE
chmod 600 $PGPASSFILE
printf '"%s" "%s"\n' plumbline "$PLUMBLINE_PASSWORD" bids "$BIDS_PASSWORD" pooler "$POOLER_PASSWORD" >$RUN/users.txt

# Where PgBouncer leads now: it goes on when this container starts again.
address=$(sed -n '/ host=/{s/.* host=\([0-9.]*\) .*/\1/p;q;}' $RUN/leader.ini 2>/dev/null)

console() { timeout 2 psql "host=127.0.0.1 port=6432 dbname=pgbouncer sslmode=require" -Xqtc "$1"; }

# lead_to LINE, as `ask` prints it.
lead_to() {
  lead=$1
  [ "$6" != "$address" ] || return 0
  echo "$(date -u +%FT%TZ) watch: $1 leads, at $6"
  {
    echo '[databases]'
    for database in $DATABASES; do echo "$database = host=$6 port=5432"; done
  } >$RUN/leader.new
  mv $RUN/leader.new $RUN/leader.ini
  [ -z "$address" ] || { console RELOAD && for database in $DATABASES; do console "KILL $database" && console "RESUME $database"; done; }
  address=$6
}

while :; do
  line=
  looks=$(((looks + 1) % ALL_EVERY))
  [ -z "$lead" ] || [ $looks = 0 ] || line=$(ask "$lead" | leading)
  [ -n "$line" ] || line=$(ask_all $MEMBERS | leading)
  [ -z "$line" ] || lead_to $line
  sleep $EVERY &
  wait $!
done
