/** What the probes of metrics, logs, traces, alerts and dashboards share: one HTTP client whose errors have a reason. */
export { SignalError } from './errors.ts';
export type { SignalReason } from './errors.ts';
export { refusal, shapedAs, SignalClient } from './web.ts';
export type { SignalAddress, SignalBounds, SignalQuestion } from './web.ts';
export { insteadOf } from './instead.ts';
