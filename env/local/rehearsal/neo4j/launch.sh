#!/bin/sh
# Hands on the signal to stop, and ends with the server's code.
set -eu
sh /etc/neo4j/start.sh &
server=$!
trap 'kill -TERM "$server" 2>/dev/null || :' TERM INT
code=0
wait "$server" || code=$?
# A wait that a signal ends says nothing of the server, which is still stopping.
while kill -0 "$server" 2>/dev/null; do
  code=0
  wait "$server" || code=$?
done
exit "$code"
