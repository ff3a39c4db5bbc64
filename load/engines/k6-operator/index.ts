/** Spreads a load over many pods with the k6 operator (TestRun, k6.io/v1alpha1). README.md describes how, and its limits. */
import { randomBytes } from 'node:crypto';
import type { KubeClient } from '../../../probes/kubernetes/client.ts';
import { refOf } from '../../../probes/kubernetes/client.ts';
import { unavailableText } from '../../../probes/kubernetes/errors.ts';
import type { ObjectRef } from '../../../probes/kubernetes/types.ts';
import type { LoadResult } from '../../../reports/record/details/load-result.ts';
import type { LoadEngine, LoadListener, LoadRequest } from '../engine.ts';
import { variablesProblem } from '../k6/command.ts';
import type { Ending } from '../k6/exit-codes.ts';
import { replacedBy } from '../k6/wrapper.ts';
import { bundle } from './bundle.ts';
import { cleanUp } from './clean-up.ts';
import { collect, type Collected } from './collect.ts';
import { follow, TIMEOUTS, type Timeouts } from './follow.ts';
import { LiveCounts } from './live.ts';
import { mainModule } from './main-module.ts';
import { mergePods } from './merge.ts';
import { OPERATOR_RIGHTS } from './rights.ts';
import { objectsOf, type Objects, type Spread } from './objects.ts';

export interface OperatorOptions extends Spread {
  /** Reads objects; `objects` creates and deletes them. */
  client: KubeClient;
  objects: Objects;
  /** Whether the operator behind the API is a stand-in; the result says so. */
  stubbed: boolean;
  timeouts?: Partial<Timeouts>;
  /** Why its loads are of no use to the check, whatever the cluster has. */
  unfit?: string;
  /** Why nothing would delete its objects if this machine were gone; null: something would. A rejection says that it is not known. */
  whyLeft?: () => Promise<string | null>;
}

const GROUP = '/apis/k6.io/v1alpha1';
const INSTALL =
  'install the k6 operator (https://grafana.com/docs/k6/latest/set-up/set-up-distributed-k6/install-k6-operator/) or run with another engine';

/** The rights that the engine needs, one verb each, as an access review takes them. */
const ASKED = OPERATOR_RIGHTS.flatMap(({ verbs, group, resource: whole }) => {
  const [resource = '', subresource] = whole.split('/');
  return verbs.map((verb) => ({ group, resource, verb, ...(subresource !== undefined && { subresource }) }));
});

type Parts = Partial<Omit<LoadResult, 'schema' | 'engine' | 'script'>>;

function endingBy(error: unknown, signal: AbortSignal): Ending {
  return signal.aborted
    ? { outcome: 'interrupted', reason: 'the load was interrupted' }
    : { outcome: 'failed', reason: unavailableText(error) };
}

export class OperatorEngine implements LoadEngine {
  readonly name = 'k6-operator';
  readonly startsLater = true;
  readonly #options: OperatorOptions;
  readonly #timeouts: Timeouts;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#timeouts = { ...TIMEOUTS, ...options.timeouts };
  }

  async unavailable(): Promise<string | null> {
    const { unfit, whyLeft } = this.#options;
    if (unfit !== undefined) return unfit;
    try {
      const { status, body } = await this.#options.client.raw(GROUP);
      if (status === 404) return `the cluster has no TestRun of k6.io/v1alpha1: ${INSTALL}`;
      if (status !== 200) return `the cluster does not say whether it has TestRuns (GET ${GROUP}: ${status})`;
      const { resources = [] } = JSON.parse(body) as { resources?: { name?: string }[] };
      const has = resources.some(({ name }) => name === 'testruns');
      if (!has) return `the cluster's k6.io/v1alpha1 has no testruns: ${INSTALL}`;
      const missing = await this.#missingRight();
      if (missing !== null || whyLeft === undefined) return missing;
    } catch (error) {
      return `the cluster does not say whether it has TestRuns: ${unavailableText(error)}`;
    }
    return whyLeft().catch(unavailableText);
  }

  /** Checks the rights in advance, so that `auto` can choose another engine instead of failing at the first object. */
  async #missingRight(): Promise<string | null> {
    const { client, namespace } = this.#options;
    for (const resourceAttributes of ASKED) {
      const status = await client.review({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { namespace, ...resourceAttributes } },
      });
      const { allowed = false } = (status ?? {}) as { allowed?: boolean };
      const { verb, resource, subresource } = resourceAttributes;
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      if (!allowed)
        return `the account may not ${verb} ${what} in ${namespace}: bind plumbline-load (deploy/rbac.yaml)`;
    }
    return null;
  }

  async run(request: LoadRequest, listener: LoadListener, signal: AbortSignal): Promise<LoadResult> {
    // Of a load that never begins: when it was ordered.
    let startedAt = new Date().toISOString();
    const started = (): void => {
      startedAt = new Date().toISOString();
      listener.started?.();
    };
    const made: ObjectRef[] = [];
    let parts: Parts;
    try {
      parts = await this.#load(request, { made, listener: { ...listener, started } }, signal);
    } catch (error) {
      parts = endingBy(error, signal);
    }
    const left = await cleanUp(this.#options, made, this.#timeouts);
    return this.#result(request.script, { startedAt, ...parts }, left);
  }

  async #load(
    request: LoadRequest,
    tools: { made: ObjectRef[]; listener: LoadListener & { started(): void } },
    signal: AbortSignal,
  ): Promise<Parts> {
    const { client, objects, namespace, parallelism } = this.#options;
    signal.throwIfAborted();
    const problem = variablesProblem(request.variables);
    if (problem !== null) return { outcome: 'failed', reason: problem };
    if ((request.secrets ?? []).length > 0)
      return {
        outcome: 'failed',
        reason: 'this engine accepts no secret variables: they would be readable in the TestRun',
      };
    const { entry, files } = await bundle(request.script);
    const name = `plumbline-load-${randomBytes(4).toString('hex')}`;
    const main = mainModule(entry, replacedBy(request));
    const { variables, ca, limits } = request;
    for (const object of objectsOf(this.#options, { name, files, main, variables, ca })) {
      // Noted before the call, since the object may exist even if the answer is lost.
      tools.made.push(refOf(object));
      await objects.create(object, signal);
    }
    const live = new LiveCounts(client, namespace, (second) => tools.listener.second?.(second));
    const started = (): void => tools.listener.started();
    const run = { client, namespace, name, parallelism, limits, timeouts: this.#timeouts, live, started };
    let collected: Collected;
    try {
      const course = await follow(run, signal);
      if (course.givenUp !== null) return this.#partly(live, course.givenUp);
      collected = await collect(client, course.pods, { parallelism, ...tools }, signal);
    } catch (error) {
      return this.#partly(live, endingBy(error, signal));
    }
    const { logs, ending, errors } = collected;
    const summaries = logs.flatMap(({ summary }) => summary ?? []);
    const interrupted = logs.reduce((sum, log) => sum + log.interrupted, 0);
    return { ...mergePods(summaries, interrupted), seconds: live.seconds(), errors, ...ending };
  }

  /** The result of a load that was cut off: it has no summaries, only the pods' counts so far. */
  #partly(live: LiveCounts, ending: Ending): Parts {
    const { requests, failed } = live.total;
    const seconds = live.seconds();
    return { requests: { count: requests, failed }, seconds, durationMs: seconds.length * 1000, ...ending };
  }

  #result(script: string, parts: Parts, left: readonly string[]): LoadResult {
    const { version, stubbed } = { version: this.#options.image, stubbed: this.#options.stubbed };
    const result: LoadResult = {
      schema: 1,
      engine: { name: this.name, version, stubbed, latencyFrom: 'sent' },
      script,
      startedAt: '',
      durationMs: 0,
      scenarios: [],
      requests: { count: 0, failed: 0 },
      metrics: {},
      checks: [],
      thresholds: [],
      seconds: [],
      errors: [],
      outcome: 'failed',
      reason: '',
      ...parts,
    };
    if (left.length === 0) return result;
    const rest = `left behind: ${left.join(', ')}; delete them by hand`;
    return {
      ...result,
      outcome: 'failed',
      reason: result.reason === '' ? rest : `${result.reason}; ${rest}`,
    };
  }
}
