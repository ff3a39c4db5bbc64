import { faults } from '../../../faults/index.ts';
import { storeFault } from '../../../suites/catalogue/index.ts';
import { lookUntil } from '../../../host/wait.ts';
import { openHistory } from '../../../probes/history.ts';
import type { Params, PodSelection } from '../../../suites/harness/protocol.ts';
import type { ServedRunner } from '../served.ts';
import type { Handlers } from '../handlers.ts';
import { atRest, atRestBeside } from '../../ask/at-rest.ts';
import { Others, templatesOf } from '../../ask/others.ts';
import { PodsBefore } from '../../ask/pods-before.ts';
import {
  changes,
  comparedObjects,
  comparedRoles,
  differences,
  isCompared,
} from '../../ask/snapshot/snapshot.ts';
import type { Snapshot } from '../../ask/snapshot/snapshot.ts';
import { takeSnapshot } from '../../ask/snapshot/take.ts';
import { collectEvidence } from '../../ask/trial-evidence.ts';
import { errorText } from '../../../reports/record/error-text.ts';
import type { NewSeen } from '../../../reports/record/observations/index.ts';
import { memberSets } from '../../../reports/record/facts/store-pods.ts';

type Methods = Pick<Handlers, 'state.note' | 'state.compare' | 'evidence.collect'>;

const LOOK_EVERY_MS = 500;

/** Before a trial; and who else acts during it. */
interface Noted {
  before: Snapshot;
  others: Others;
}

/** Compares the environment before and after a trial, and collects what its pods logged meanwhile. */
export function stateMethods(runner: ServedRunner): Methods {
  const noted = new Map<string, Noted>();
  const podsBefore = new PodsBefore(runner.stores);
  return {
    'state.note': async ({ check, trial }, call) => {
      const { store = null, fault = '' } = storeFault(check) ?? {};
      // A node that is taken may carry what is left of another store.
      const look = faults.get(fault)?.takesNode === true ? atRest : atRestBeside;
      const { seen, restless } = await look(runner, call.signal, store);
      if (store !== null) await podsBefore.note(store);
      // A trial that was cut off was not compared.
      for (const { others } of noted.values()) others.end();
      const compared = comparedObjects(seen);
      const others = new Others(() => templatesOf(runner.parts.cluster, compared));
      noted.set(`${check} ${trial}`, { before: seen, others });
      return { unrest: restless };
    },
    'state.compare': async (params, call) => {
      const key = `${params.check} ${params.trial}`;
      const own = noted.get(key);
      if (own === undefined)
        throw new Error(`no snapshot was taken before trial ${params.trial} of ${params.check}`);
      noted.delete(key);
      try {
        return await compare(runner, params, own, call.signal);
      } finally {
        own.others.end();
      }
    },
    'evidence.collect': async ({ check, trial, pods, fromMs, toMs }, call) => {
      const redact = (text: string): string => runner.stores.redact(text);
      const folder = runner.runState.trialFolder(check, trial);
      const writer = openHistory(folder, 'evidence.ndjson', { redact });
      try {
        const seconds = { fromMs, toMs };
        const { cluster } = runner.parts;
        await collectEvidence(
          { cluster, ...(await selected(runner, pods, podsBefore)), seconds, signal: call.signal, redact },
          writer,
        );
      } finally {
        await writer.close();
      }
      return null;
    },
  };
}

async function selected(
  runner: ServedRunner,
  pods: PodSelection,
  before: PodsBefore,
): Promise<{ namespace: string; prefixes: string[]; container?: string }> {
  if (!('store' in pods)) return pods;
  const place = runner.stores.placeOf(pods.store);
  const sets = memberSets(runner.stores.declared(pods.store)).map(({ name }) => name);
  // Other pods of a store (Redis: the Sentinels) have the store's name as a prefix.
  return { ...place, prefixes: [...new Set([...sets, ...(await before.of(pods.store)), pods.store])] };
}

async function compare(
  runner: ServedRunner,
  { check, trial, timeoutMs }: Params<'state.compare'>,
  { before, others }: Noted,
  signal: AbortSignal,
): Promise<{ same: boolean; detail: string }> {
  const { differ, ...seen } = await lookUntil(
    () => look(runner, before),
    (now) => now.differ.length === 0,
    { deadlineMs: timeoutMs, intervalMs: LOOK_EVERY_MS, signal },
  );
  const left = [...before.stores].filter(([, one]) => !isCompared(one));
  const writer = openHistory(runner.runState.trialFolder(check, trial), 'state.ndjson', {
    redact: (text) => runner.stores.redact(text),
  });
  await others.look();
  for (const act of others.acts) writer.observe(act);
  writer.observe({
    kind: 'as-before',
    objects: comparedObjects(before).size,
    ...(left.length > 0 && { uncompared: left.map(([store, { roles }]) => `${store}, ${roles}`) }),
    ...seen,
  });
  await writer.close();
  return { same: differ.length === 0, detail: differ.slice(0, 3).join('; ') };
}

/** What is recorded of a look, and in words all in which it differs from before. */
interface Compared extends Pick<NewSeen<'as-before'>, 'roles' | 'differences' | 'unseen'> {
  differ: string[];
}

/** No answer from the API server is a difference like any other, until the deadline. */
async function look(runner: ServedRunner, before: Snapshot): Promise<Compared> {
  try {
    const after = await takeSnapshot(runner, before);
    const [roles, found] = [comparedRoles(before, after), changes(before, after)];
    return { roles, differences: found, differ: differences(before, after) };
  } catch (error) {
    const unseen = `no snapshot of the environment could be taken: ${errorText(error)}`;
    return { roles: comparedRoles(before, null), differences: [], unseen, differ: [unseen] };
  }
}
