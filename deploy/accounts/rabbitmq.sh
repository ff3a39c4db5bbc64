#!/bin/sh
# Plumbline's account in RabbitMQ: a virtual host of its own, the tag monitoring, and of the platform's virtual host nothing but a look at its
# queues. It reads and writes no message of the platform. Run once, on one member:
#
#     PASSWORD=… VHOST=tender sh rabbitmq.sh
#
# VHOST is the platform's; ACCOUNT names the user and the virtual host, `plumbline` when left out.
set -eu
account=${ACCOUNT:-plumbline}
rabbitmqctl add_user "$account" "$PASSWORD"
rabbitmqctl set_user_tags "$account" monitoring
rabbitmqctl add_vhost "$account"
rabbitmqctl set_permissions -p "$account" "$account" '.*' '.*' '.*'
rabbitmqctl set_permissions -p "$VHOST" "$account" '^$' '^$' '^$'
