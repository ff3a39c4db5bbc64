import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { partsOf, resolveGoals, rowOf } from '../../suites/catalogue/index.ts';
import type { Environment } from '../../env/schema.ts';
import { chooseEngine } from '../../load/engines/index.ts';
import type { Choosable } from '../../load/engines/index.ts';
import { K6Engine } from '../../load/engines/k6/index.ts';
import { startLoad } from '../../load/process/index.ts';
import type { ENOUGH, LoadOrder, LoadProcess } from '../../load/process/index.ts';
import type { LoadSecond } from '../../load/engines/engine.ts';
import type { RolloutObject, WorkloadObject } from '../../probes/kubernetes/objects.ts';
import { ROLLOUT } from '../../probes/kubernetes/workloads.ts';
import { kindOfService } from '../../reports/record/names/topology-names.ts';
import type { Params } from '../../suites/harness/protocol.ts';
import { basePathOf } from '../../probes/application/asking.ts';
import { backendOf, edgeTarget } from './edge-target.ts';
import type { Access } from './application-access.ts';
import type { EdgeTarget } from './edge-target.ts';
import { REFUSED_LOG } from '../../reports/record/refusals.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { checkTimeoutMs, timeoutMsOf } from '../plan/environment-parts.ts';
import { whyNoLoad } from './load-permit.ts';
import { scriptOf } from './scenarios.ts';
import { RequestError } from '../../suites/harness/request-error.ts';

const SCENARIO = /^[a-z][a-z0-9-]*$/;
/** An engine that is created and run in a separate process. */
type OwnProcess = Choosable & { readonly name: LoadOrder['engine'] };

/** A load of a check, from its request on. */
interface Slot {
  begun: Promise<LoadProcess>;
  /** Aborts the start. */
  cancel: AbortController;
}

/** Loads of running checks: children of the runner, at most one a check. */
export class LoadRuns {
  readonly #runner: RunnerCore;
  readonly #slots = new Map<string, Slot>();

  constructor(runner: RunnerCore) {
    this.#runner = runner;
  }

  /**
   * Resolves when the load begins, or has ended without that.
   * @throws RequestError when the check has one already, it is not permitted any more, or the environment has no edge to send it through; the
   * reason of the signal
   */
  async start(params: Params<'load.start'>, signal: AbortSignal): Promise<void> {
    const { check } = params;
    if (this.#slots.has(check)) throw new RequestError(`${check} has a load already`, 'crash');
    const { parts } = this.#runner;
    const cancel = new AbortController();
    const any = AbortSignal.any([signal, cancel.signal, parts.signal, parts.safety.stopped]);
    // Before the first await: an abandoned check must find it.
    const slot = { cancel, begun: this.#begin(params, any) };
    this.#slots.set(check, slot);
    try {
      await (
        await slot.begun
      ).ready;
    } catch (error) {
      if (this.#slots.get(check) === slot) this.#slots.delete(check);
      throw error;
    }
  }

  async #begin(
    { check, trial, scenario, variables }: Params<'load.start'>,
    signal: AbortSignal,
  ): Promise<LoadProcess> {
    if (!SCENARIO.test(scenario)) throw new RequestError(`no scenario is called "${scenario}"`, 'crash');
    const refusal = await whyNoLoad(this.#runner, check);
    if (refusal !== null) throw new RequestError(refusal, 'unavailable');
    const { parts, runState } = this.#runner;
    const target = await edgeTarget(this.#runner);
    const { load } = runState.environment;
    const engines = this.#engines(check, target.access);
    const { engine, passedOver } = await chooseEngine(load.engine, engines);
    const hosts = await addressesOf(target);
    signal.throwIfAborted();
    const { url, ca, access } = target;
    const shown = secretVariables(access);
    const backend = backendOf(target);
    const loaded = (partsOf(check).includes('ai') ? runState.environment.ai : backend) ?? backend;
    const all = { ...patienceOf(runState.environment, { check, scenario, variables }), ...variables };
    const own = Object.entries(all).map(([name, value]) => [name, String(value)] as const);
    const order = {
      passedOver,
      scenario,
      history: runState.trialFolder(check, trial),
      request: {
        script: scriptOf(runState.environment, scenario),
        variables: {
          ...Object.fromEntries(own),
          BASE_URL: `${url.origin}${basePathOf(url)}`,
          CONTRACT: contractText(target),
          CORRELATION_ID: correlationId(),
          SHOWN: access.shown,
          ...shown.variables,
        },
        secrets: shown.secrets,
        ...(access.client !== undefined && { client: access.client }),
        hosts,
        limits: this.#limits(check),
        ...(ca !== undefined && { ca }),
      },
    };
    let unheard = (): void => undefined;
    const options = {
      signal: parts.signal,
      onSecond: (second: LoadSecond) => void this.#show(check, second, loaded.deployment),
      onLog: (text: string) => this.#logged(check, text, access),
      renewals: (renewed: (variables: Readonly<Record<string, string>>) => void) => {
        unheard = access.onRenewed(() => renewed(secretVariables(access).variables));
      },
    };
    const running = startLoad({ engine: engine.name, graceMs: this.#graceMs, ...order }, options);
    void running.ended.then(() => unheard());
    await this.#record(check, running);
    return running;
  }

  /** One that cannot be recorded does not go on: nobody could end it once this process is dead. @throws Error of the file system */
  async #record(check: string, running: LoadProcess): Promise<void> {
    const { pid } = running;
    const { children } = this.#runner.parts.safety;
    void running.ended.then(() => children.remove(pid));
    try {
      children.add({ name: `load of ${check}`, pid });
    } catch (error) {
      await running.stop(this.#graceMs);
      throw error;
    }
  }

  /** Limits for any scenario: the duration of its check, and the requests that the largest declared rate makes in that time. */
  #limits(check: string): { requests: number; durationMs: number } {
    const { environment, planned } = this.#runner.runState;
    const found = planned.get(check);
    if (found === undefined) throw new RequestError(`${check} is not in the plan`, 'crash');
    const durationMs = checkTimeoutMs(found, environment);
    const rates = [
      environment.load.steady.requestsPerSecond,
      environment.ai?.load.requestsPerSecond ?? 0,
      environment.ai?.scaling?.perSecond ?? 0,
      environment.topology.edge?.backend?.scaling.highPerSecond ?? 0,
    ];
    return { requests: Math.ceil((Math.max(...rates) * durationMs) / 1000), durationMs };
  }

  /** Only asked whether they can run: the load's process makes its own. */
  #engines(check: string, access: Access): OwnProcess[] {
    const needsMs = this.#limits(check).durationMs;
    const k6: OwnProcess = {
      name: 'k6',
      unavailable: async () => withoutK6(access, needsMs) ?? new K6Engine().unavailable(),
    };
    const embedded: OwnProcess = { name: 'embedded', unavailable: () => Promise.resolve(null) };
    return [k6, embedded];
  }

  /** A scenario says that it was refused: the credentials are renewed as for any other client. */
  #logged(check: string, text: string, { identity }: Access): void {
    if (text.endsWith(REFUSED_LOG)) identity.refused(identity.headers());
    this.#runner.runState.progress.detail(check, text);
  }

  get #graceMs(): number {
    return timeoutMsOf(this.#runner.runState.environment, 'loadStop');
  }

  async #show(
    check: string,
    second: LoadSecond,
    backend: { namespace: string; name: string },
  ): Promise<void> {
    const { parts, runState } = this.#runner;
    const of = kindOfService(backend, runState.environment.topology.workloads);
    const { items } = await parts.cluster
      .list({ kind: of === 'Rollout' ? ROLLOUT : 'apps/v1/Deployment', namespace: backend.namespace })
      .catch((): { items: (WorkloadObject | RolloutObject)[] } => ({ items: [] }));
    const found = items.find(({ metadata }) => metadata.name === backend.name);
    runState.progress.detail(check, liveLine(second, found?.status));
  }

  /** Waits until the load is over by itself, well or badly: its record says which. False after the deadline. */
  async ended(check: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const slot = this.#slots.get(check);
    if (slot === undefined) throw new RequestError(`${check} has no load`, 'crash');
    const over = new AbortController();
    const tooLate = sleep(timeoutMs, false, { signal: AbortSignal.any([signal, over.signal]) });
    tooLate.catch(() => undefined);
    const running = await slot.begun;
    const inTime = await Promise.race([running.ended.then(() => true), tooLate]);
    over.abort();
    return inTime;
  }

  /** Ends it gracefully; false when there was none. @param why `ENOUGH`: that was its planned end; without it the load was interrupted */
  async stop(check: string, why?: typeof ENOUGH): Promise<boolean> {
    const slot = this.#slots.get(check);
    if (slot === undefined) return false;
    this.#slots.delete(check);
    slot.cancel.abort(new Error(`the load of ${check} was stopped before it had begun`));
    const running = await slot.begun.catch(() => null);
    await running?.stop(this.#graceMs, why);
    return running !== null;
  }
}

/**
 * What the correlation ids and titles of a load begin with. Random, as a check may start several loads in a trial, and no cache of the platform may
 * know them from an earlier run.
 */
function correlationId(): string {
  return `pl${randomBytes(4).toString('hex')}`;
}

/** Slowest answers for which any load has users, ms: ten times the usual goal for a p95 of the API. */
const SLOWEST_ANSWER_MS = 5_000;
const MOST_USERS = 10_000;

/**
 * Users of a load, and how long they wait for an answer, unless its check says so itself. A load that is not delivered says nothing, and answers that
 * the latency goal allows must not be cut off: whatever the check is about, that goal counts as well as its own.
 */
export function patienceOf(
  environment: Environment,
  { check, scenario, variables }: Pick<Params<'load.start'>, 'check' | 'scenario' | 'variables'>,
): { MAX_VUS: number; TIMEOUT: string } {
  const latency = scenario === 'draft' ? 'performance/ai/latency' : 'performance/api/latency';
  const goals = [check, latency].map((id) => p95MsOf(environment, id));
  const slowestMs = Math.ceil(Math.max(SLOWEST_ANSWER_MS, ...goals));
  const users = Math.ceil((Number(variables['RATE']) * slowestMs) / 1000);
  return { MAX_VUS: Math.min(MOST_USERS, users), TIMEOUT: `${2 * slowestMs}ms` };
}

/** 0: it has no such goal. */
function p95MsOf(environment: Environment, check: string): number {
  const row = rowOf(check);
  return row === undefined ? 0 : (resolveGoals(environment, row).goals.p95Ms ?? 0);
}

/** Headers of who asks, each as a secret variable, and CREDENTIALS with the name of the variable of each. */
function secretVariables({ identity }: Access): { variables: Record<string, string>; secrets: string[] } {
  const shown = Object.entries(identity.headers()).map(
    ([header, value], index) => [header, `SECRET_${index}`, value] as const,
  );
  if (shown.length === 0) return { variables: {}, secrets: [] };
  return {
    variables: {
      ...Object.fromEntries(shown.map(([, name, value]) => [name, value])),
      CREDENTIALS: JSON.stringify(Object.fromEntries(shown.map(([header, name]) => [header, name]))),
    },
    secrets: shown.map(([, name]) => name),
  };
}

/** Why k6 cannot send this load as who is declared: it takes no new token while it runs. null: it can. */
function withoutK6(access: Access, needsMs: number): string | null {
  if (access.client !== undefined)
    return 'application.credentials.client: a client certificate is shown by the embedded engine only';
  const left = access.leftMs();
  return left === null || left >= needsMs
    ? null
    : `the token expires within ${Math.round(left / 1000)} s, and the load may last ${Math.round(needsMs / 1000)} s: only the embedded engine takes a new one meanwhile`;
}

/** The contract as scenarios read it (load/scenarios/target.ts). It holds no secret. */
function contractText({ contract, prefix, requests }: EdgeTarget): string {
  return JSON.stringify({ ...contract, prefix, requests });
}

/** The address for the name in the edge's URL, if the environment declares one: engines take addresses. */
async function addressesOf({
  edge,
  url,
  endpoint: { host, port },
}: EdgeTarget): Promise<Record<string, string>> {
  if (edge.address === undefined) return {};
  const { address, family } = await lookup(host);
  return { [url.hostname]: `${family === 6 ? `[${address}]` : address}:${port}` };
}

/** What a second of load was like, in one line. @param pods those of the backend that it goes to, where they are known */
export function liveLine(
  { offered, started, dropped, requests, bad, latency }: LoadSecond,
  pods?: { replicas?: number; readyReplicas?: number },
): string {
  const parts = [
    ...(offered === null ? [] : [`offered ${offered}/s`]),
    `started ${started}/s`,
    ...(dropped > 0 ? [`dropped ${dropped}`] : []),
    `${requests} answers`,
    `${bad} not as promised`,
    `p95 ${p95Of(latency)}`,
    ...(pods === undefined ? [] : [`${pods.readyReplicas ?? 0} of ${pods.replicas ?? 0} pods ready`]),
  ];
  return parts.join(', ');
}

const P95 = 0.95;

function p95Of(latency: LoadSecond['latency']): string {
  const total = latency.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [fromUs, count] of latency) {
    seen += count;
    if (seen >= total * P95) return `${(fromUs / 1000).toFixed(1)} ms`;
  }
  return '–';
}
