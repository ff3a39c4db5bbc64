-- Run once, on the first member: repmgr's account, which it wants as a superuser, and that of the pooler, which asks who leads.
CREATE ROLE repmgr LOGIN SUPERUSER REPLICATION PASSWORD :'repmgr';
CREATE DATABASE repmgr OWNER repmgr;
CREATE ROLE pooler LOGIN IN ROLE pg_monitor PASSWORD :'pooler';
\connect repmgr
CREATE EXTENSION repmgr; -- as `repmgr primary register` does: the rights of others in its schema are given before that
