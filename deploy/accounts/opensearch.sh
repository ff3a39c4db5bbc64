#!/bin/sh
# Plumbline's account in OpenSearch, by its security plugin: a role with all rights on indices of its own (`plumbline-…`), a look at the cluster, its
# nodes and the settings of indices, and a user with that role. It reads and writes no document of the platform. Made from the plugin's documentation:
# no server with the plugin has answered it yet. Run once, with an account that manages security:
#
#     PASSWORD=… URL=https://HOST:9200 sh opensearch.sh --cacert CA --user ADMIN:…
#
# With EXPIRES=2592000 (seconds) in place of PASSWORD it makes an API key with the same rights, valid for so long: `token` of the answer, which is shown
# once, is what `apiKey` of the environment file leads to. Needs OpenSearch 3.7, and `api_tokens.enabled` in the configuration of the plugin.
#
# Arguments go to curl. ACCOUNT names role, user and key, `plumbline` when left out. failover/elasticsearch/switchover moves the primary shard or the
# cluster manager, for which the role also needs the cluster permissions `cluster:admin/reroute` and `cluster:admin/voting_config/*`: leave them out
# where no switchover is permitted.
set -eu
account=${ACCOUNT:-plumbline}
send() {
  method=$1
  path=$2
  shift 2
  curl --fail-with-body --silent --show-error --header 'content-type: application/json' --request "$method" --data @- "$@" \
    "$URL/_plugins/_security/api/$path"
}
if [ -n "${EXPIRES:-}" ]; then
  # What a request of one document becomes counts as a right in the cluster where a key asks.
  send POST apitokens "$@" <<KEY
{
  "name": "$account",
  "cluster_permissions": ["cluster_monitor", "indices:data/write/bulk"],
  "index_permissions": [
    { "index_pattern": ["plumbline-*"], "allowed_actions": ["manage", "read", "index"] },
    { "index_pattern": ["*"], "allowed_actions": ["indices:monitor/settings/get"] }
  ],
  "duration_seconds": $EXPIRES
}
KEY
  exit
fi
: "${PASSWORD:?for a user, or EXPIRES for an API key}"
send PUT "roles/$account" "$@" <<ROLE
{
  "cluster_permissions": ["cluster_monitor"],
  "index_permissions": [
    { "index_patterns": ["plumbline-*"], "allowed_actions": ["manage", "read", "index"] },
    { "index_patterns": ["*"], "allowed_actions": ["indices:monitor/settings/get"] }
  ]
}
ROLE
send PUT "internalusers/$account" "$@" <<USER
{ "password": "$PASSWORD" }
USER
send PUT "rolesmapping/$account" "$@" <<MAPPING
{ "users": ["$account"] }
MAPPING
