#!/bin/sh
# The documented account for the checks, made once; one that was only begun is made from the beginning.
set -eu
if rabbitmqctl --quiet list_user_permissions plumbline 2>/dev/null | grep -q '^orders\b'; then exit 0; fi
rabbitmqctl --quiet delete_user plumbline 2>/dev/null || :
rabbitmqctl --quiet delete_vhost plumbline 2>/dev/null || :
# What the platform itself keeps: one queue, of which the account may see that it is there.
queues=$HOME/queues.json
echo '{"queues":[{"name":"orders.new","vhost":"orders","durable":true,"auto_delete":false,"arguments":{"x-queue-type":"quorum"}}]}' >"$queues"
rabbitmqctl --quiet import_definitions "$queues"
PASSWORD=$(cat /etc/rabbitmq-credentials/plumbline) VHOST=orders sh /etc/rabbitmq/rabbitmq.sh
