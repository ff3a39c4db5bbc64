#!/bin/sh
# Plumbline's account in OpenSearch, by its security plugin: a role with all rights on indices of its own (`plumbline-…`), a look at the cluster, its
# nodes and the settings of indices, and a user with that role. It reads and writes no document of the platform. Made from the plugin's documentation:
# no server with the plugin has answered it yet. Run once, with an account that manages security:
#
#     PASSWORD=… URL=https://HOST:9200 sh opensearch.sh --cacert CA --user ADMIN:…
#
# Arguments go to curl. ACCOUNT names role and user, `plumbline` when left out. failover/elasticsearch/switchover moves the primary shard or the
# cluster manager, for which the role also needs the cluster permissions `cluster:admin/reroute` and `cluster:admin/voting_config/*`: leave them out
# where no switchover is permitted.
set -eu
account=${ACCOUNT:-plumbline}
put() {
  path=$1
  shift
  curl --fail-with-body --silent --show-error --header 'content-type: application/json' --request PUT --data @- "$@" \
    "$URL/_plugins/_security/api/$path"
}
: "${PASSWORD:?of the user}"
put "roles/$account" "$@" <<ROLE
{
  "cluster_permissions": ["cluster_monitor"],
  "index_permissions": [
    { "index_patterns": ["plumbline-*"], "allowed_actions": ["manage", "read", "index"] },
    { "index_patterns": ["*"], "allowed_actions": ["indices:monitor/settings/get"] }
  ]
}
ROLE
put "internalusers/$account" "$@" <<USER
{ "password": "$PASSWORD" }
USER
put "rolesmapping/$account" "$@" <<MAPPING
{ "users": ["$account"] }
MAPPING
