// Plumbline's account in Neo4j Enterprise: a database of its own, in which it may do everything, and a look at the servers of the cluster and at the
// settings that govern a failover. It reads and changes nothing of the platform, whose databases it may not open. Run once, as an administrator:
//
//     cypher-shell -a neo4j://HOST -d system --param "{password: 'PASSWORD'}" -f neo4j-enterprise.cypher
//
// Each database of a cluster has a leader of its own: faults hit that of `plumbline`, which may be another server than that of the platform's
// database. Give it the topology of that one, the same here and in the environment file (stores.neo4j.enterprise).
// Without SHOW SERVERS whether every server takes part cannot be seen, without SHOW SETTING how a failover goes: checks are then inconclusive
// and say so. Written from the documentation: no server of this edition was at hand to try it on.
CREATE DATABASE plumbline IF NOT EXISTS TOPOLOGY 3 PRIMARIES WAIT;
CREATE ROLE plumbline IF NOT EXISTS;
CREATE USER plumbline IF NOT EXISTS SET PLAINTEXT PASSWORD $password CHANGE NOT REQUIRED;
GRANT ROLE plumbline TO plumbline;
GRANT ACCESS ON DATABASE plumbline TO plumbline;
GRANT ALL GRAPH PRIVILEGES ON GRAPH plumbline TO plumbline;
GRANT NAME MANAGEMENT ON DATABASE plumbline TO plumbline;
GRANT CREATE INDEX ON DATABASE plumbline TO plumbline;
GRANT SHOW INDEX ON DATABASE plumbline TO plumbline;
GRANT SHOW SERVERS ON DBMS TO plumbline;
GRANT SHOW SETTING db.checkpoint*, db.recovery.*, db.tx_log.*, dbms.cluster.raft.*, dbms.routing_ttl, server.databases.read_only, server.directories.* ON DBMS TO plumbline;
// The role PUBLIC has these, unless an administrator took them from it.
GRANT EXECUTE PROCEDURE dbms.components, dbms.routing.getRoutingTable, db.awaitIndex ON DBMS TO plumbline;
