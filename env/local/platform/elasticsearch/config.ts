/** Elasticsearch's settings, the gate before it, and the JVM's options. */

/** Where clients come in: the gate, which asks for a password. */
export const HTTP_PORT = 9200;
/** The server's own HTTP port, on the loopback interface of the pod alone. */
export const INNER_PORT = 9210;
/** Among the members. */
export const TRANSPORT_PORT = 9300;
/** Accepts connections while the node belongs to a cluster with a master. */
export const JOINED_PORT = 9399;
/** Answers whether the server answers, to anybody, and nothing else. */
export const HEALTH_PORT = 9201;
export const DATA = '/var/lib/elasticsearch';
export const HOME = '/opt/elasticsearch';
export const CONFIG = '/etc/elasticsearch';

/**
 * A member that says nothing is given up after three checks of 3 s, one second apart; one whose connection is reset at once.
 * `${…}` is filled from the environment of the container.
 */
export const FAULT_DETECTION = { interval: '1s', timeout: '3s', retry_count: 3 } as const;

/**
 * A new master's first cluster state still has the silent one in it, and is waited for on every node, for so long; with the default of 30 s
 * the loss of a node that was master and held a primary took 42 to 46 s (measured).
 */
export const PUBLISH_TIMEOUT = '10s';

/** elasticsearch.yml. JSON is YAML. */
export function elasticsearchConfig(members: readonly string[], headless: string): string {
  return JSON.stringify(
    {
      'cluster.name': 'tender',
      'node.name': '${POD_NAME}',
      'node.roles': ['master', 'data'],
      'path.data': DATA,
      'path.logs': '/tmp',
      'http.host': '127.0.0.1',
      'http.port': INNER_PORT,
      'http.publish_host': '${POD_IP}',
      'transport.host': '0.0.0.0',
      'transport.publish_host': '${POD_IP}',
      'transport.port': TRANSPORT_PORT,
      'readiness.port': JOINED_PORT,
      'discovery.seed_hosts': [`${headless}:${String(TRANSPORT_PORT)}`],
      'cluster.initial_master_nodes': members, // only asked while a member has never been in a cluster
      'cluster.fault_detection.follower_check': FAULT_DETECTION,
      'cluster.fault_detection.leader_check': FAULT_DETECTION,
      'cluster.publish.timeout': PUBLISH_TIMEOUT,
      // The volumes of this environment share one disk, whose fill level is no affair of the cluster.
      'cluster.routing.allocation.disk.threshold_enabled': false,
      'indices.recovery.max_bytes_per_sec': '200mb',
      'node.store.allow_mmap': false,
    },
    null,
    2,
  );
}

/**
 * To the console only, without debugging aids for clients. A request that cannot be served is told to its client: its stack trace besides,
 * 200 times a second while a master is being elected, takes the cores that the election needs.
 */
export const LOG_CONFIG = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
logger.suppressed.name = rest.suppressed
logger.suppressed.level = error
`;

/** Arguments of `java`, with a heap such as `400m`. The launcher takes the rest from elasticsearch.yml. */
export const javaArguments = (heap: string): readonly string[] => [
  `-Xms${heap}`,
  `-Xmx${heap}`,
  // The quick compiler alone. Measured here: the start costs 3.7 s of CPU in place of 8.1, the first 4,000 writes 1.7 ms each in
  // place of 3.9, the memory 296 MB in place of 352.
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC', // the least memory and the fewest threads, for a heap of this size
  // It takes its limit of one CPU for one processor, and has one thread for writes then: each write waits for a sync of the disk of its own, where
  // the threads of four share one. 200 writes a second kept that thread busy, and once disturbed it did not catch up for a minute.
  '-XX:ActiveProcessorCount=4',
  '-XX:MaxDirectMemorySize=64m',
  '-XX:ReservedCodeCacheSize=96m',
  '-Xss512k',
  '-Djava.io.tmpdir=/tmp',
  '-Dsun.net.inetaddr.ttl=2', // a member that comes back has another address
  `-Des.path.home=${HOME}`,
  `-Des.path.conf=${CONFIG}`,
  `-Des.nativelibs.path=${HOME}/native`,
  '-Des.distribution.type=docker',
  '-Dio.netty.allocator.type=unpooled',
  '--enable-native-access=ALL-UNNAMED',
  '-cp',
  `${HOME}/launcher:${HOME}/lib/*`,
  'Server',
];

/** The variable of the gate's environment that holds a user's password. */
export const passwordVariable = (user: string): string => `${user.toUpperCase()}_PASSWORD`;

/**
 * HAProxy before the server: this build of Elasticsearch has no accounts of its own. One request is passed on once: what is not
 * answered is not asked again. The passwords come from the environment.
 *
 * While a primary is silent, every write that any member passes on to it hangs, and its client gives up after a second. Only with
 * `abortonclose` does HAProxy go on reading a client whose whole request it has, and close the server's side at once when that client
 * closes, whether the server answers or not (HAProxy 2.6: `http_request_forward_body`, `sc_app_shutw_conn`). Without it each write keeps
 * one of the server's places until `timeout server`, which must leave time for long searches: 200 a second fill them all before a
 * master is elected. It stands in `defaults`, since it is the client's side that has to go on reading (haproxy/haproxy#2344). What was
 * written when its client had gone was `unknown` to it before, too.
 *
 * Health is asked past that queue, and clients leave it connections: readiness must say whether the server answers, never how many
 * others wait for it, or members that are well leave the Service because of one that is not.
 */
export const gateConfig = (users: readonly string[]): string => `global
  maxconn 512
  log stdout format raw local0 notice
defaults
  mode http
  log global
  option dontlognull
  option abortonclose
  retries 0
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout http-request 10s
userlist accounts
${users.map((user) => `  user ${user} insecure-password "\${${passwordVariable(user)}}"\n`).join('')}frontend clients
  bind :${String(HTTP_PORT)}
  maxconn 480
  http-request auth realm Elasticsearch unless { http_auth(accounts) }
  http-request del-header authorization
  default_backend server
frontend health
  bind :${String(HEALTH_PORT)}
  http-request deny unless { method GET } { path /alive }
  http-request set-uri /_cluster/health?local=true&timeout=0s
  default_backend alive
backend server
  option http-keep-alive
  http-reuse safe
  server local 127.0.0.1:${String(INNER_PORT)} maxconn 256
backend alive
  server local 127.0.0.1:${String(INNER_PORT)}
`;
