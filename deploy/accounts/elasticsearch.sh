#!/bin/sh
# Plumbline's account in Elasticsearch: a role with all rights on indices of its own (`plumbline-…`), a look at the cluster, its nodes and the
# settings of indices, and a user with that role. It reads and writes no document of the platform. Run once, with an account that manages security:
#
#     PASSWORD=… URL=https://HOST:9200 sh elasticsearch.sh --cacert CA --user ADMIN:…
#
# Arguments go to curl. ACCOUNT names role and user, `plumbline` when left out. failover/elasticsearch/switchover moves the primary shard or the
# master, for which the role also needs the cluster privilege `manage`: leave it out where no switchover is permitted.
set -eu
account=${ACCOUNT:-plumbline}
put() {
  curl --fail-with-body --silent --show-error --header 'content-type: application/json' --request PUT --data @- "$@"
}
: "${PASSWORD:?of the user}"
put "$@" "$URL/_security/role/$account" <<ROLE
{
  "cluster": ["monitor"],
  "indices": [
    { "names": ["plumbline-*"], "privileges": ["manage", "read", "index"] },
    { "names": ["*"], "privileges": ["view_index_metadata"] }
  ]
}
ROLE
put "$@" "$URL/_security/user/$account" <<USER
{ "password": "$PASSWORD", "roles": ["$account"] }
USER
