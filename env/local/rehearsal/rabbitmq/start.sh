#!/bin/sh
set -eu
umask 077
# Erlang wants the cookie readable by its user alone, which a mounted Secret is not. The one that the container before it left may not be written.
cp -f /etc/broker-secrets/cookie "$HOME/.erlang.cookie"
chmod 400 "$HOME/.erlang.cookie"
# Erlang's name service must run before the server asks for it.
epmd -daemon
# Members without data join one that runs: two that start at once, before their names resolve, would make a cluster each.
first=rabbit@broker-0.broker-nodes.messaging.svc.cluster.local
if [ "$RABBITMQ_NODENAME" != "$first" ] && [ -z "$(ls "$RABBITMQ_MNESIA_BASE")" ]; then
  echo "Waiting for $first to run"
  until [ "$(erl_call -timeout 5 -name "$first" -a 'rabbit is_running []' 2>/dev/null)" = true ]; do sleep 2; done
fi
exec rabbitmq-server
