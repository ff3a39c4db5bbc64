/** What may manage a PostgreSQL. A new manager is a file or folder here, and a line below; without one the servers are asked (`by-sql.ts`). */
export { patroni } from './patroni/index.ts';
export { repmgr } from './repmgr.ts';
