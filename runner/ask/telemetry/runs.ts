import { openHistory } from '../../../probes/history.ts';
import type { CanaryTarget } from '../../../probes/edge/canary-requests.ts';
import type { Params } from '../../../suites/harness/protocol.ts';
import { NOT_PERMITTED, RequestError } from '../../../suites/harness/request-error.ts';
import { edgeTarget, requestOf } from '../../targets/edge-target.ts';
import { whyNoLoad } from '../../targets/load-permit.ts';
import type { RunnerCore } from '../../serve/runner-parts.ts';
import { CanaryRun } from './canary-run.ts';
import { logsOf, tracesOf } from './sources.ts';

/** Canaries of running checks: at most one a check. */
export class TelemetryRuns {
  readonly #runner: RunnerCore;
  readonly #running = new Map<string, CanaryRun>();

  constructor(runner: RunnerCore) {
    this.#runner = runner;
  }

  /** @throws RequestError when the check has one already, its requests are not permitted any more, or something that it needs is not declared */
  async start(order: Params<'telemetry.start'>, signal: AbortSignal): Promise<void> {
    const { check, trial, follow, requests } = order;
    if (this.#running.has(check)) throw new RequestError(`${check} has a canary already`, 'crash');
    const { runState, parts, stores } = this.#runner;
    const { environment } = runState;
    const of = { environment, stores };
    const refusal = requests > 0 ? await whyNoLoad(this.#runner, check) : null;
    if (refusal !== null) throw new RequestError(refusal, NOT_PERMITTED);
    const target = requests > 0 ? await this.#target() : null;
    const logs = follow.includes('logs') ? await logsOf(of) : null;
    const traces = follow.includes('traces') ? await tracesOf(of) : null;
    signal.throwIfAborted();
    const writer = openHistory(runState.trialFolder(check, trial), 'telemetry.ndjson', {
      redact: runState.redact,
    });
    const ending = AbortSignal.any([parts.signal, parts.safety.stopped]);
    const { visibleSeconds } = runState.headerSource(check).goals;
    const visibleMs = typeof visibleSeconds === 'number' ? visibleSeconds * 1000 : 0;
    const run = new CanaryRun(
      { environment, order, writer, logs, traces, target, signal: ending },
      visibleMs,
    );
    this.#running.set(check, run);
  }

  async #target(): Promise<CanaryTarget> {
    const target = await edgeTarget(this.#runner);
    const canary = this.#runner.runState.environment.telemetry?.canary;
    if (canary === undefined) throw new RequestError('the environment declares no telemetry', 'refused');
    return { ...target, request: requestOf(target, canary.request) };
  }

  /** @throws RequestError when the check has none */
  of(check: string): CanaryRun {
    const run = this.#running.get(check);
    if (run === undefined) throw new RequestError(`${check} has no canary`, 'crash');
    return run;
  }

  async stop(check: string): Promise<void> {
    const run = this.#running.get(check);
    this.#running.delete(check);
    await run?.stop();
  }
}
