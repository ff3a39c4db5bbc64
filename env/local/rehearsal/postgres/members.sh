# What the members say of themselves. Read by the other scripts; run, it prints one line a member.
MEMBERS='pg-a pg-b pg-c'
# What every client of a member needs; names are not compared, since members are reached by several.
SECURE='sslmode=verify-ca sslrootcert=/etc/pg-authority/ca.crt connect_timeout=2'
# The password of the account: another file for each.
export PGPASSFILE=/tmp/pgpass PGUSER="${PGUSER:-repmgr}"

# Which replicas count for a commit is in sync_state; pg_walfile_name has the timeline that is written now.
ROLE="select case when pg_is_in_recovery() then 'replica 0 0' else 'primary '
  || ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int || ' '
  || (select count(*) from pg_stat_replication where state = 'streaming' and sync_state = 'quorum') end
  || ' ' || (select system_identifier from pg_control_system()) || ' ' || coalesce(host(inet_server_addr()), 'here')"

# ask MEMBER: "MEMBER primary|replica TIMELINE CANDIDATES SYSTEM ADDRESS", or "MEMBER silent".
ask() {
  # `exec`: the shell itself would print that the program was ended.
  said=$(exec 2>/dev/null && timeout 1.5 psql "host=$1-0.pg dbname=postgres $SECURE" -XAtqc "$ROLE") || said=silent
  echo "$1 $said"
}

# ask_all MEMBERS: of all at the same time.
ask_all() {
  for member in "$@"; do ask "$member" & done
  wait
}

# The line of the primary that leads: of two, that which has replicas; then that of the newest timeline. Nothing if there is none.
leading() { grep ' primary ' | sort -k4,4nr -k3,3nr | head -n 1; }

case "$0" in *members.sh) ask_all $MEMBERS | sort ;; esac
