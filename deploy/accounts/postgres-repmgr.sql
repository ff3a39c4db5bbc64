-- Where PostgreSQL is run by repmgr and `stores.postgres.repmgr` is declared: lets Plumbline's account (postgres.sql) see whom repmgr knows,
-- and whether each repmgrd runs and is not paused. Run after repmgr has registered its primary, as a superuser, on the leader, in repmgr's
-- own database, with the name of repmgr's account:
--
--     psql -d repmgr -v repmgr=repmgr -f postgres-repmgr.sql
--
-- The extension lets everybody call its functions who may use the schema, also the one that pauses repmgrd: this takes that from everybody
-- but repmgr's account.
\set ON_ERROR_STOP on
BEGIN;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA repmgr FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA repmgr TO :"repmgr";
GRANT USAGE ON SCHEMA repmgr TO plumbline;
GRANT SELECT ON repmgr.nodes TO plumbline;
GRANT EXECUTE ON FUNCTION repmgr.get_local_node_id(), repmgr.repmgrd_is_running(), repmgr.repmgrd_is_paused() TO plumbline;
COMMIT;
