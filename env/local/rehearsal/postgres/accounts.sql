-- Run once, on the first member: repmgr's account, which it wants as a superuser, that of the pooler, which asks who leads, and that of the
-- application, with a database of its own.
CREATE ROLE repmgr LOGIN SUPERUSER REPLICATION PASSWORD :'repmgr';
CREATE DATABASE repmgr OWNER repmgr;
CREATE ROLE pooler LOGIN IN ROLE pg_monitor PASSWORD :'pooler';
CREATE ROLE bids LOGIN CONNECTION LIMIT 80 PASSWORD :'bids';
CREATE DATABASE bids OWNER bids;
REVOKE CONNECT ON DATABASE bids FROM PUBLIC;
\connect repmgr
CREATE EXTENSION repmgr; -- as `repmgr primary register` does: the rights of others in its schema are given before that
