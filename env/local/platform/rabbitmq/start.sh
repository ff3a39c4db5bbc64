#!/bin/sh
set -eu
umask 077
# Erlang wants the cookie in the home folder, readable by its user alone, which a mounted Secret is not; on a command line it would show in every
# list of processes. The folder outlives the container, and the file that a former life left may not be written.
cp -f /etc/rabbitmq-credentials/cookie "$HOME/.erlang.cookie"
chmod 400 "$HOME/.erlang.cookie"
# Erlang's name service must run before the server asks for it.
epmd -daemon
exec rabbitmq-server
