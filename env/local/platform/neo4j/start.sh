#!/bin/sh
set -eu
mkdir -p /tmp/neo4j
# The first password comes with a volume that holds no users yet; later the database of users has it.
if [ ! -e '{{value data}}/dbms' ] && [ ! -e '{{value data}}/databases' ]; then
  mkdir -p '{{value data}}/dbms'
  cp /run/neo4j-auth/auth.ini '{{value data}}/dbms/auth.ini'
fi
# The server replaces the shell, so that a signal for the first process of the container is one for it. Two cores for everything: the simple
# collector and the quick compiler cost half the processor time of a start (measured). Over TLS it decrypts its key again for every connection. With
# Java's 10,000 rounds and the quick compiler each took so long that twelve clients that connected at once never got through; the key lies
# beside it in plain text anyway.
exec java -XX:+UseSerialGC \
  -Dkeystore.pkcs12.keyPbeIterationCount=1 \
  -XX:TieredStopAtLevel=1 \
  -Xms192m \
  -Xmx256m \
  -XX:+ExitOnOutOfMemoryError \
  --enable-native-access=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow \
  --add-opens=java.base/java.nio=ALL-UNNAMED \
  --add-opens=java.base/java.io=ALL-UNNAMED \
  --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
  --add-opens=java.base/java.util.concurrent=ALL-UNNAMED \
  -Dio.netty.tryReflectionSetAccessible=true \
  -Dlog4j2.disable.jmx=true \
  -Djava.awt.headless=true \
  -cp '/opt/neo4j/lib/*' org.neo4j.server.Neo4jCommunity \
  --home-dir=/tmp/neo4j --config-dir=/etc/neo4j --console-mode
