#!/bin/sh
# Runs once, on the first leader: the database of the application and one for canaries, each owned by its user. The user of the canaries may
# look at replication (pg_monitor) and owns its database, nothing else.
#
# Most connections of a role: the workload keeps 16, gives up what has no answer after 1 s and connects again; but a commit that waits for its
# replica keeps its server process until the replica is there, so that each second adds up to 16 (with 20 allowed the limit itself made writes
# fail, 53300). 80 are worth five seconds: at some 3 MiB a process they fit into the 512 MiB of the pod.
set -eu
psql "$1" --no-psqlrc -v ON_ERROR_STOP=1 -v tender="$TENDER_PASSWORD" -v plumbline="$PLUMBLINE_PASSWORD" <<'SQL'
CREATE ROLE tender LOGIN CONNECTION LIMIT 30 PASSWORD :'tender';
CREATE ROLE plumbline LOGIN CONNECTION LIMIT 80 IN ROLE pg_monitor PASSWORD :'plumbline';
CREATE DATABASE tender OWNER tender;
CREATE DATABASE plumbline OWNER plumbline;
REVOKE ALL ON DATABASE tender, plumbline FROM PUBLIC;
SQL
