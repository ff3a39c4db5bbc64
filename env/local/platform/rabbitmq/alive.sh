#!/bin/sh
# Whether a member is as it should be: it runs and takes no peer for cut off. Healing takes its time (a lost message of autoheal is sent again
# after a minute), so the probe allows for two. After that 3.10.8 does not get there by itself. Both were seen after a cut of 30 s: the winner
# kept a peer in its list and had it restarted every 66 s for ever; and a loser that failed to start again (two connections to one peer end its
# statistics) stayed down.
set -eu
cut_off=$(erl_call -timeout 5 -name "$RABBITMQ_NODENAME" -a 'rabbit_node_monitor partitions []')
if [ "$cut_off" != '[]' ]; then
  echo "not in the cluster: $cut_off"
  exit 1
fi
# A member that joins while the first one imports the definitions may not start their virtual hosts, and nobody does so later (seen once: both
# refused every login there for as long as the member ran): this starts them, and fails until the next look finds them up.
down=$(erl_call -timeout 5 -name "$RABBITMQ_NODENAME" -a 'rabbit_vhost_sup_sup check []')
if [ "$down" != '[]' ]; then
  echo '[rabbit_vhost_sup_sup:init_vhost(V) || V <- rabbit_vhost_sup_sup:check()].' |
    erl_call -timeout 5 -name "$RABBITMQ_NODENAME" -e
  echo "virtual hosts were down here: $down"
  exit 1
fi
