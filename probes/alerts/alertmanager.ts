import { z } from 'zod';
import { SignalClient } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';

/** Alertmanager API v2 (api/v2/openapi.yaml of 0.28 and later: `GET /api/v2/alerts`). */
const answer = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    startsAt: z.string(),
    endsAt: z.string(),
    status: z.object({ state: z.string() }),
  }),
);

/** An alert as it was received. */
export interface Alert {
  labels: Record<string, string>;
  /** Wall clock ms. */
  startsMs: number;
  endsMs: number;
  state: string;
}

export class AlertmanagerProbe {
  readonly #client: SignalClient;

  constructor(address: SignalAddress) {
    this.#client = new SignalClient(address);
  }

  close(): void {
    this.#client.close();
  }

  /** Active alerts with all of these labels. @throws SignalError; the reason of the signal */
  async active(labels: Readonly<Record<string, string>>, bounds: SignalBounds): Promise<Alert[]> {
    const query = new URLSearchParams({ active: 'true', silenced: 'true', inhibited: 'true' });
    for (const [name, value] of Object.entries(labels))
      query.append('filter', `${name}=${JSON.stringify(value)}`);
    const alerts = await this.#client.get(answer, { path: `/api/v2/alerts?${query.toString()}` }, bounds);
    return alerts.map((alert) => ({
      labels: alert.labels,
      startsMs: Date.parse(alert.startsAt),
      endsMs: Date.parse(alert.endsAt),
      state: alert.status.state,
    }));
  }
}
