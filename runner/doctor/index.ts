/** `plumbline doctor`: what a run needs, and whether it is there. A kind of thing that is needed is a file and a line of `KINDS`. */
import { traitsOf } from '../../env/providers/declared.ts';
import { EXIT } from '../../host/errors.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { guarded } from '../run/guard.ts';
import type { CommandResult } from '../run/guard.ts';
import { checks } from './checks.ts';
import { reachCluster } from './cluster.ts';
import { edge } from './edge.ts';
import { notNeeded, unknown } from './item.ts';
import type { Kind, Situation } from './item.ts';
import { ownObjects } from './own-objects.ts';
import { permits, permittedNow } from './permits.ts';
import { rights } from './rights.ts';
import { secrets } from './secrets.ts';
import { sources } from './sources.ts';
import { stores } from './stores.ts';
import { diagnosisJson, diagnosisOf, diagnosisText } from './text.ts';
import type { Diagnosis, Finding } from './text.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface DoctorOptions {
  env: string;
  profile?: string | undefined;
  /** Only what a run that only reads needs. */
  readOnly?: boolean | undefined;
  json?: boolean | undefined;
  out: (text: string) => void;
}

/**
 * What would spoil a whole run, in the order in which a person would put it right: each rests on those before it. What one check alone would
 * miss, that check says.
 */
const KINDS: readonly Kind[] = [secrets, rights, ownObjects, stores, sources, edge, permits, checks];

/** What a run that only reads has no need of: it makes nothing, and nobody permits it anything. */
const OF_WRITERS: readonly Kind[] = [ownObjects, permits];

/**
 * Looks, and prints what it found. Exit 0 when nothing is missing, what this run does without aside, else 2; it changes nothing. Where no check
 * is built for a kind of environment, nothing that could be added would be used, so that nothing is missing.
 */
export function doctor({ env, profile, readOnly, json, out }: DoctorOptions): Promise<CommandResult> {
  return guarded(async () => {
    const environment = await openEnvironment(env, { with: 'provisioned', size: 'provisioned', readOnly });
    const planned = planChecks(environment, { profile });
    const { name, envOption } = environment;
    const of = { environment: name, envOption, profile: profile ?? null, readOnly: readOnly === true };
    const say = (diagnosis: Diagnosis): void =>
      out(json === true ? diagnosisJson(diagnosis) : diagnosisText(diagnosis));
    const { notBuilt } = traitsOf(environment);
    if (notBuilt !== undefined) {
      say(diagnosisOf({ ...of, notBuilt }, [{ kind: 'checks', ...notNeeded('checks', notBuilt) }]));
      return { exitCode: EXIT.met };
    }
    const closing = new AbortController();
    const { signal } = closing;
    const deadlineMs = timeoutMsOf(environment, 'apiRequest');
    const cluster = await reachCluster(environment, { deadlineMs, signal });
    try {
      const { reached } = cluster;
      const wholeProfile = profile !== undefined && readOnly !== true;
      const would = planned.filter(({ notRun }) => notRun === null);
      const running = await permittedNow({ environment, planned: would, wholeProfile, reached });
      const found = await findingsOf({
        environment,
        planned,
        running,
        wholeProfile,
        reached,
        deadlineMs,
        signal,
      });
      const ofCluster = cluster.items.map((item) => ({ kind: 'cluster', ...item }));
      const diagnosis = diagnosisOf(of, [...ofCluster, ...found]);
      say(diagnosis);
      return { exitCode: diagnosis.counts.missing === 0 ? EXIT.met : EXIT.inconclusive };
    } finally {
      await cluster.close();
      closing.abort();
    }
  });
}

/** All at once, since each mostly waits. A kind that fails is unknown, and keeps no other from being looked at. */
async function findingsOf(situation: Situation): Promise<Finding[]> {
  const found = KINDS.map(async (one) => {
    const { name: kind, look } = one;
    if (situation.environment.readOnly === true && OF_WRITERS.includes(one))
      return [{ kind, ...notNeeded(kind, 'a read-only run makes nothing, and needs no permit') }];
    const items = await look(situation).catch((error: unknown) => [unknown(kind, errorText(error))]);
    return items.map((item) => ({ kind, ...item }));
  });
  return (await Promise.all(found)).flat();
}
