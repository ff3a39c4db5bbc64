/** What Neo4j is started with: settings, logs to the container's output, and the first password. */
import { createHash } from 'node:crypto';

export const BOLT_PORT = 7687;
export const HTTP_PORT = 7474;
/** Where the volume with the databases and their transaction logs is mounted. */
export const DATA = '/data';
export const CONFIG = '/etc/neo4j';
/** The server's own folder: process id and the like, nothing that must outlive the pod. */
export const HOME = '/tmp/neo4j';
/** Where the jars lie in the image. */
export const LIB = '/opt/neo4j/lib';
export const AUTH_FILE = '/run/neo4j-auth/auth.ini';

/**
 * Small: the platform's graph is. Transaction logs are forced to disk at every commit, which no setting of Neo4j switches off, and
 * are kept short, since the local volumes share the machine's disk.
 */
export const NEO4J_CONF = `server.directories.data=${DATA}
server.default_listen_address=0.0.0.0
server.https.enabled=false
server.memory.heap.initial_size=192m
server.memory.heap.max_size=256m
server.memory.pagecache.size=48m
db.tx_log.rotation.size=64M
db.tx_log.rotation.retention_policy=256M size
db.recovery.fail_on_missing_files=true
dbms.usage_report.enabled=false
server.logs.config=${CONFIG}/server-logs.xml
server.logs.user.config=${CONFIG}/user-logs.xml
server.config.strict_validation.enabled=true
`;

/** Log4j 2, one appender to the standard output. */
function logConfig(level: string, pattern: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR">
  <Appenders>
    <Console name="out" target="SYSTEM_OUT">
      <PatternLayout pattern="%d{yyyy-MM-dd'T'HH:mm:ss.SSS}{UTC}Z ${pattern}"/>
    </Console>
  </Appenders>
  <Loggers><Root level="${level}"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
`;
}
export const USER_LOGS = logConfig('INFO', '%-5p %m%n');
export const SERVER_LOGS = logConfig('ERROR', '%-5p [%c{1}] %m%n');

/** Two cores for everything: the simple collector and the quick compiler cost half the processor time of a start (measured). */
const JAVA = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xms192m',
  '-Xmx256m',
  '-XX:+ExitOnOutOfMemoryError',
  '--enable-native-access=ALL-UNNAMED',
  '--sun-misc-unsafe-memory-access=allow',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/java.io=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
  '-Dio.netty.tryReflectionSetAccessible=true',
  '-Dlog4j2.disable.jmx=true',
  '-Djava.awt.headless=true',
];

/**
 * The first password comes with a volume that holds no users yet; later the database of users has it. The server replaces the
 * shell, so that a signal for the container's first process is one for it.
 */
export const START = `#!/bin/sh
set -eu
mkdir -p ${HOME}
if [ ! -e ${DATA}/dbms ] && [ ! -e ${DATA}/databases ]; then
  mkdir -p ${DATA}/dbms
  cp ${AUTH_FILE} ${DATA}/dbms/auth.ini
fi
exec java ${JAVA.join(' ')} -cp '${LIB}/*' org.neo4j.server.Neo4jCommunity \\
  --home-dir=${HOME} --config-dir=${CONFIG} --console-mode
`;

const ITERATIONS = 1024;

/**
 * A line of the file that `neo4j-admin dbms set-initial-password` writes: salted SHA-256, iterated. The password itself never
 * reaches the server's pod. Its salt follows from it, so that the same password always gives the same line; with 192 random
 * bits in the password nobody can prepare a table.
 */
export function authLine(user: string, password: string): string {
  const salt = createHash('sha256').update(`salt of ${password}`).digest();
  let hash = createHash('sha256').update(salt).update(password).digest();
  for (let i = 1; i < ITERATIONS; i++) hash = createHash('sha256').update(hash).digest();
  return `${user}:SHA-256,${hash.toString('hex')},${salt.toString('hex')},${String(ITERATIONS)}:\n`;
}
