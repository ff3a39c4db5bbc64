#!/bin/sh
# Plumbline's account in Elasticsearch: a role with all rights on indices of its own (`plumbline-…`), a look at the cluster, its nodes and the
# settings of indices, and a user with that role. It reads and writes no document of the platform. Run once, with an account that manages security:
#
#     PASSWORD=… URL=https://HOST:9200 sh elasticsearch.sh --cacert CA --user ADMIN:…
#
# With EXPIRES=90d in place of PASSWORD it makes an API key with the same rights, valid for so long: `encoded` of the answer, which is shown once, is
# what `apiKey` of the environment file leads to. A key never has a right that the account which makes it lacks, and no key can make one with rights.
#
# Arguments go to curl. ACCOUNT names role, user and key, `plumbline` when left out. failover/elasticsearch/switchover moves the primary shard or the
# master, for which the role also needs the cluster privilege `manage`: leave it out where no switchover is permitted.
set -eu
account=${ACCOUNT:-plumbline}
put() {
  curl --fail-with-body --silent --show-error --header 'content-type: application/json' --request PUT --data @- "$@"
}
role=$(
  cat <<ROLE
{
  "cluster": ["monitor"],
  "indices": [
    { "names": ["plumbline-*"], "privileges": ["manage", "read", "index"] },
    { "names": ["*"], "privileges": ["view_index_metadata"] }
  ]
}
ROLE
)
if [ -n "${EXPIRES:-}" ]; then
  put "$@" "$URL/_security/api_key" <<KEY
{ "name": "$account", "expiration": "$EXPIRES", "role_descriptors": { "$account": $role } }
KEY
  exit
fi
: "${PASSWORD:?for a user, or EXPIRES for an API key}"
put "$@" "$URL/_security/role/$account" <<ROLE
$role
ROLE
put "$@" "$URL/_security/user/$account" <<USER
{ "password": "$PASSWORD", "roles": ["$account"] }
USER
