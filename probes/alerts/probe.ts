import type { SignalBounds } from '../signals/index.ts';

/** An alert as it was received. */
export interface Alert {
  labels: Record<string, string>;
  /** Wall clock ms. */
  startsMs: number;
  endsMs: number;
  state: string;
}

/** A receiver of alerts that notifies people. */
export interface AlertProbe {
  readonly kind: string;
  /** Active alerts with all of these labels. @throws SignalError; the reason of the signal */
  active(labels: Readonly<Record<string, string>>, bounds: SignalBounds): Promise<Alert[]>;
  close(): void;
}
