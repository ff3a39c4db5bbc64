/** RabbitMQ's configuration: three members that find each other through Kubernetes, and what they hold from the start. */
import { TENDER } from '../context.ts';

export const NAME = 'rabbitmq';
/** The last part of the Service's address, below the instance's block; environment files name it. */
export const ADDRESS = '128.60';
export const AMQP_PORT = 5672;
export const MANAGEMENT_PORT = 15_672;
/** Of the plugin rabbitmq_prometheus. */
export const METRICS_PORT = 15_692;
/** Erlang's name service, and the port on which the members talk to each other. */
export const EPMD_PORT = 4369;
export const DISTRIBUTION_PORT = 25_672;
export const HEADLESS = `${NAME}-members`;
const DOMAIN = `${HEADLESS}.${TENDER}.svc.cluster.local`;

export const DATA = '/var/lib/rabbitmq';
export const CONFIG = '/etc/rabbitmq';
export const CREDENTIALS_FOLDER = '/etc/rabbitmq-credentials';
/** Holds Erlang's cookie, in memory. */
export const HOME = '/run/rabbitmq';

/** Virtual hosts of the application and of the canaries. */
export const APPLICATION_VHOST = 'tender';
export const CANARY_VHOST = 'plumbline';

/**
 * `net_ticktime` 16 s: a member that falls silent is taken for down 12 to 20 s later; then clients of its queues hear of it and what waited is sent
 * again, 5 s later at most. With 20 s that is 30 s, the goal itself, and was seen to take 30.1.
 * `autoheal` instead of `pause_minority`: a member that was frozen for longer than that wakes up among peers that have gone on
 * without it. With pause_minority both sides then stay partitioned for good (seen with 3.10.8: the peers are back at once, so
 * that nothing pauses); autoheal starts the losing side again. Quorum queues lose nothing by either.
 * Nothing is said of where a queue's leader is made: by default on the node of the connection that declares it, so that queues which are
 * declared over one connection are hurt by one fault.
 */
export const RABBITMQ_CONF = [
  'cluster_name = tender',
  'cluster_formation.peer_discovery_backend = k8s',
  'cluster_formation.k8s.host = kubernetes.default.svc.cluster.local',
  'cluster_formation.k8s.address_type = hostname',
  `cluster_formation.k8s.service_name = ${HEADLESS}`,
  `cluster_formation.k8s.hostname_suffix = .${DOMAIN}`,
  'cluster_formation.node_cleanup.only_log_warning = true',
  'cluster_partition_handling = autoheal',
  'net_ticktime = 16',
  'heartbeat = 5',
  'vm_memory_high_watermark.absolute = 320MB',
  'disk_free_limit.absolute = 100MB',
  'raft.wal_max_size_bytes = 33554432',
  'definitions.import_backend = local_filesystem',
  `definitions.local.path = ${CREDENTIALS_FOLDER}/definitions.json`,
  'definitions.skip_if_unchanged = true',
  'log.console = true',
  'log.file = false',
  // Every short look of a client would be a line or two.
  'log.connection.level = error',
  '',
].join('\n');

/** Metrics only where somebody asks for them: the autoscaler of the AI service does, for the depth of its queue. */
export function enabledPlugins({ metrics }: { metrics: boolean }): string {
  const names = ['rabbitmq_management', 'rabbitmq_peer_discovery_k8s'];
  return `[${[...names, ...(metrics ? ['rabbitmq_prometheus'] : [])].join(',')}].\n`;
}

/**
 * Erlang wants the cookie in the home folder, readable by its user alone, which a mounted Secret is not; on a command line it would show
 * in every list of processes. Erlang's name service must run before the server asks for it.
 */
export const START = `#!/bin/sh
set -eu
umask 077
# The folder outlives the container, and the file that a former life left may not be written.
cp -f ${CREDENTIALS_FOLDER}/cookie "$HOME/.erlang.cookie"
chmod 400 "$HOME/.erlang.cookie"
epmd -daemon
exec rabbitmq-server
`;

/**
 * Whether a member is as it should be: it runs and takes no peer for cut off. Healing takes its time (a lost message of autoheal is sent again after a
 * minute), so the probe allows for two. After that 3.10.8 does not get there by itself. Both were seen after a cut of 30 s: the winner kept a peer in
 * its list and had it restarted every 66 s for ever; and a loser that failed to start again (two connections to one peer end its statistics) stayed down.
 * A member that joins while the first one imports the definitions may not start their virtual hosts, and nobody does so later (seen once: both
 * refused every login there for as long as the member ran): the probe starts them, and fails until the next look finds them up.
 */
export const ALIVE = `#!/bin/sh
set -eu
cut_off=$(erl_call -timeout 5 -name "$RABBITMQ_NODENAME" -a 'rabbit_node_monitor partitions []')
if [ "$cut_off" != '[]' ]; then
  echo "not in the cluster: $cut_off"
  exit 1
fi
down=$(erl_call -timeout 5 -name "$RABBITMQ_NODENAME" -a 'rabbit_vhost_sup_sup check []')
if [ "$down" != '[]' ]; then
  echo '[rabbit_vhost_sup_sup:init_vhost(V) || V <- rabbit_vhost_sup_sup:check()].' |
    erl_call -timeout 5 -name "$RABBITMQ_NODENAME" -e
  echo "virtual hosts were down here: $down"
  exit 1
fi
`;

/** Users with their passwords, virtual hosts and rights; belongs into a Secret. There is no guest. */
export function definitions(passwords: { admin: string; tender: string; plumbline: string }): string {
  const all = { configure: '.*', write: '.*', read: '.*' };
  return JSON.stringify({
    users: [
      { name: 'admin', password: passwords.admin, tags: 'administrator' },
      { name: 'tender', password: passwords.tender, tags: '' },
      // May look at the cluster, owns its virtual host, and sees the queues of the application without touching them.
      { name: 'plumbline', password: passwords.plumbline, tags: 'monitoring' },
    ],
    vhosts: [{ name: APPLICATION_VHOST }, { name: CANARY_VHOST }],
    permissions: [
      { user: 'tender', vhost: APPLICATION_VHOST, ...all },
      { user: 'plumbline', vhost: CANARY_VHOST, ...all },
      { user: 'plumbline', vhost: APPLICATION_VHOST, configure: '^$', write: '^$', read: '^$' },
      { user: 'admin', vhost: APPLICATION_VHOST, ...all },
      { user: 'admin', vhost: CANARY_VHOST, ...all },
    ],
  });
}

/** What the server and its tools are told by their environment. The pod's name comes first: others refer to it. */
export const ENVIRONMENT: readonly { readonly name: string; readonly value: string }[] = [
  { name: 'HOME', value: HOME },
  { name: 'RABBITMQ_USE_LONGNAME', value: 'true' },
  { name: 'RABBITMQ_NODENAME', value: `rabbit@$(POD_NAME).${DOMAIN}` },
  { name: 'K8S_SERVICE_NAME', value: HEADLESS },
  { name: 'K8S_HOSTNAME_SUFFIX', value: `.${DOMAIN}` },
  { name: 'RABBITMQ_MNESIA_BASE', value: `${DATA}/data` },
  { name: 'RABBITMQ_LOG_BASE', value: '/tmp/log' },
  { name: 'RABBITMQ_LOGS', value: '-' },
  { name: 'RABBITMQ_CONFIG_FILE', value: `${CONFIG}/rabbitmq.conf` },
  { name: 'RABBITMQ_GENERATED_CONFIG_DIR', value: '/tmp/config' },
  { name: 'RABBITMQ_ENABLED_PLUGINS_FILE', value: `${CONFIG}/enabled_plugins` },
  // One scheduler that does not wait by spinning: the machine is small.
  { name: 'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS', value: '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none' },
  { name: 'ERL_CRASH_DUMP_SECONDS', value: '0' },
];
