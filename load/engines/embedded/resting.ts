/**
 * As long as the one whose turn it is has rested for less, more VUs take turns, ms. gunicorn closes an idle connection after 2 s, and looks for such
 * once a second (`keepalive` of its threads): by then it is closed, and not about to be.
 */
const SHORTEST_REST_MS = 3_000;
/**
 * A connection that has rested for longer is not used again, ms: its server may be about to close it. uvicorn, Apache and Node.js do so after 5 s
 * (`timeout_keep_alive`, `KeepAliveTimeout`, `keepAliveTimeout`).
 */
const LONGEST_REST_MS = 4_500;

/**
 * The idle VUs of an arrival rate. They take turns, the one that has rested longest first: a balancer may have tied each connection to one server, and
 * a VU whose server is slow must be taken as often as the others. Only so many take turns that each rests for 3 to 4.5 s. The others are spare: one is
 * taken where too few take turns, and begins on a new connection.
 */
export class RestingVus<Vu> {
  readonly #disconnect: (vu: Vu) => void;
  /** Longest rest first. */
  readonly #turns: { vu: Vu; sinceMs: number }[] = [];
  readonly #spare: Vu[];

  /** @param disconnect closes the connections of a VU, which may have rested too long */
  constructor(vus: readonly Vu[], disconnect: (vu: Vu) => void) {
    this.#spare = [...vus];
    this.#disconnect = disconnect;
  }

  rest(vu: Vu, nowMs: number): void {
    this.#turns.push({ vu, sinceMs: nowMs });
  }

  /** The VU for the next iteration; undefined: none is idle. */
  take(nowMs: number): Vu | undefined {
    this.#retire(nowMs - LONGEST_REST_MS);
    const [first] = this.#turns;
    const isTurn = first !== undefined && nowMs - first.sinceMs >= SHORTEST_REST_MS;
    if (isTurn || this.#spare.length === 0) return this.#turns.shift()?.vu;
    const vu = this.#spare.shift();
    if (vu !== undefined) this.#disconnect(vu);
    return vu;
  }

  #retire(beforeMs: number): void {
    for (let [first] = this.#turns; first !== undefined && first.sinceMs < beforeMs; [first] = this.#turns) {
      this.#turns.shift();
      this.#spare.push(first.vu);
    }
  }
}
