#!/bin/sh
# The documented account for the checks, made once; one that was only begun is made from the beginning.
set -eu
if rabbitmqctl --quiet list_user_permissions plumbline 2>/dev/null | grep -q '^orders\b'; then exit 0; fi
rabbitmqctl --quiet delete_user plumbline 2>/dev/null || :
rabbitmqctl --quiet delete_vhost plumbline 2>/dev/null || :
PASSWORD=$(cat /etc/broker-secrets/canary) VHOST=orders sh /etc/broker/rabbitmq.sh
