import type { Circumstances, ExpectedWindow, GoverningSetting } from '../../../store/store-driver.ts';

/** From a promotion that is decided to a write that is answered: promote, checkpoint, Endpoints, proxy rules on the node. */
const PROMOTION_MS = 3000;
/** kubelet looks for dead containers once a second (PLEG relist), and Patroni takes a second to start. */
const RESTART_MS = 1000;
/** "Without grace" still gives a container 2 s between SIGTERM and SIGKILL (kubelet: minimum grace period). */
const MINIMUM_GRACE_MS = 2000;
/** A shutdown that is asked for releases the lease at once; promotion of a replica that has everything takes some 200 ms. */
const FASTEST_HANDOVER_MS = 200;

/** Patroni's settings that the windows follow from, ms. */
interface Timing {
  ttl: number;
  loop: number;
  start: number;
}
type Window = (timing: Timing, circumstances: Circumstances) => ExpectedWindow | null;

const WINDOWS: Readonly<Record<string, Window>> = {
  'pod-crash': ({ ttl, loop, start }) => ({
    loMs: RESTART_MS,
    hiMs: Math.max(ttl, start) + loop + PROMOTION_MS,
    derivation:
      `earliest: kubelet starts the container again (${RESTART_MS} ms) and Patroni, with primary_start_timeout ${start / 1000} s, ` +
      `releases or keeps the lease; latest: the container does not restart in time, the lease expires ttl ${ttl / 1000} s ` +
      `after its last renewal${start > ttl ? ` (or Patroni waits for the primary for primary_start_timeout ${start / 1000} s)` : ''}, ` +
      `a replica notices within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  }),
  'pod-delete': ({ loop }) => ({
    loMs: FASTEST_HANDOVER_MS,
    hiMs: MINIMUM_GRACE_MS + loop + PROMOTION_MS,
    derivation:
      `SIGTERM comes first: Patroni stops the server and releases the lease (earliest ${FASTEST_HANDOVER_MS} ms, latest the ` +
      `minimum grace of ${MINIMUM_GRACE_MS} ms), a replica notices within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  }),
  hang: (timing) => leaseRunsOut(timing, 'no process of the leader runs'),
  'node-loss': (timing) => leaseRunsOut(timing, 'no process of the leader runs'),
  // A leader that still reaches the API server keeps its lease: nobody takes over, however long it lasts.
  partition: (timing, { also }) =>
    also.includes('api') ? leaseRunsOut(timing, 'the leader cannot reach the API server') : null,
  switchover: ({ loop }) => ({
    loMs: FASTEST_HANDOVER_MS,
    hiMs: loop + PROMOTION_MS,
    derivation:
      `Patroni stops the server, which releases the lease (earliest ${FASTEST_HANDOVER_MS} ms); the candidate notices at once, ` +
      `at the latest within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  }),
};

/** The leader is gone without a word: its lease must expire, of which up to one loop had already passed. */
function leaseRunsOut({ ttl, loop }: Timing, why: string): ExpectedWindow {
  return {
    loMs: Math.max(0, ttl - loop),
    hiMs: ttl + loop + PROMOTION_MS,
    derivation:
      `${why}: its lease of ttl ${ttl / 1000} s, renewed up to loop_wait ${loop / 1000} s before, expires; ` +
      `a replica notices within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  };
}

/** When clients should be served again. Null for faults whose window does not follow from these settings. */
export function expectedWindow(
  fault: string,
  governing: readonly GoverningSetting[],
  circumstances: Circumstances = { also: [] },
): ExpectedWindow | null {
  const ttl = millis(governing, 'ttl');
  const loop = millis(governing, 'loop_wait');
  const start = millis(governing, 'primary_start_timeout');
  if (ttl === null || loop === null || start === null) return null;
  return WINDOWS[fault]?.({ ttl, loop, start }, circumstances) ?? null;
}

function millis(governing: readonly GoverningSetting[], name: string): number | null {
  const found = governing.find((setting) => setting.name === name);
  const seconds = found === undefined ? Number.NaN : Number(found.value);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}
