// Plumbline's account in Neo4j. Run once, as an administrator:
//
//     cypher-shell -d system --param "{password: 'PASSWORD'}" -f neo4j.cypher
//
// The Community edition has users and no roles: each of them may do everything in every database, and so may this one. Keep its password like
// an administrator's. Plumbline makes nodes of its own labels (PlumblineCanary, PlumblineRun, PlumblineGraph) with an index over them in the
// database that the environment file declares, and looks at the settings and at who takes writes. It reads and changes nothing of the platform.
// The Enterprise edition has roles: neo4j-enterprise.cypher gives the least rights there.
CREATE USER plumbline IF NOT EXISTS SET PLAINTEXT PASSWORD $password CHANGE NOT REQUIRED;
