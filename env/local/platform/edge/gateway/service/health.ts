/** Active health checks of the upstream, as Kong's `healthchecks.active`: two successes make it healthy, two failures unhealthy. */
import { get } from 'node:http';

export interface Upstream {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export type Health = 'HEALTHY' | 'UNHEALTHY' | 'HEALTHCHECKS_OFF';

const PERIOD_MS = 2_000;
const TIMEOUT_MS = 1_000;
const THRESHOLD = 2;

/** Whether the upstream reports that it is ready. */
async function probe(upstream: Upstream): Promise<boolean> {
  return await new Promise((resolve) => {
    const request = get({ ...upstream, path: '/readyz', timeout: TIMEOUT_MS, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}

export class UpstreamHealth {
  readonly #upstream: Upstream;
  #timer: NodeJS.Timeout | undefined;
  #streak = 0; // positive: successes in a row; negative: failures
  current: Health = 'HEALTHCHECKS_OFF';

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  start(): void {
    this.#timer = setInterval(() => {
      void this.#check();
    }, PERIOD_MS);
    void this.#check();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    this.note(await probe(this.#upstream));
  }

  /** Records the result of one check. The very first result decides alone. */
  note(good: boolean): void {
    if (good) this.#streak = Math.max(this.#streak, 0) + 1;
    else this.#streak = Math.min(this.#streak, 0) - 1;
    if (this.current === 'HEALTHCHECKS_OFF' || Math.abs(this.#streak) >= THRESHOLD)
      this.current = good ? 'HEALTHY' : 'UNHEALTHY';
  }
}
