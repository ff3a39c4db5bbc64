#!/bin/sh
set -eu
# Settings are read from a file of this name, in a folder of their own.
mkdir -p /tmp/atlas/conf
cp /etc/atlas/server.conf /tmp/atlas/conf/neo4j.conf
# The owner's first password comes with a volume that holds no users yet; later the database of users has it.
if [ ! -e /srv/atlas/dbms ] && [ ! -e /srv/atlas/databases ]; then
  mkdir -p /srv/atlas/dbms
  cp /etc/atlas-owner/auth.ini /srv/atlas/dbms/auth.ini
fi
# The server decrypts its key again for every connection over TLS. With Java's 10,000 rounds and the quick compiler each took so long that twelve
# clients that connected at once never got through; the key lies beside it in plain text anyway.
# The server is a child of the first process, as behind most launchers: that hands on the signal to stop, and ends with the server's code.
java -XX:+UseSerialGC \
  -Dkeystore.pkcs12.keyPbeIterationCount=1 \
  -XX:TieredStopAtLevel=1 \
  -Xms160m \
  -Xmx224m \
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
  --home-dir=/tmp/atlas --config-dir=/tmp/atlas/conf --console-mode &
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
