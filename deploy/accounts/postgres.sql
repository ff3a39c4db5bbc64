-- Plumbline's account in PostgreSQL: a database of its own, in which it makes the schema plumbline_canary, and a look at replication and
-- settings (pg_monitor). It reads and changes nothing of the platform. A client load keeps 16 connections; one whose commit waits for a
-- replica keeps its server process, so that each second of that adds up to 16: 80 are worth five seconds. Run once, as a superuser, on the
-- leader:
--
--     psql -v password=PASSWORD -f postgres.sql
--
-- An administrator who is no superuser (of a managed PostgreSQL) needs GRANT plumbline TO CURRENT_USER after the first statement, and may revoke it again.
-- Without pg_monitor who follows the leader cannot be seen: checks of roles are then inconclusive and say so.
\set ON_ERROR_STOP on
CREATE ROLE plumbline LOGIN CONNECTION LIMIT 80 IN ROLE pg_monitor PASSWORD :'password';
CREATE DATABASE plumbline OWNER plumbline;
REVOKE CONNECT ON DATABASE plumbline FROM PUBLIC;
