import { readFileSync } from 'node:fs';
import { sourcesNamed } from '../../env/named-sources.ts';
import type { Source } from '../../env/schema.ts';
import { keyedIn, sourceText } from '../../probes/declaring.ts';
import type { Keyed } from '../../probes/declaring.ts';
import type { KubeCall } from '../provider-safety.ts';
import { neededFor, sectionsAsked } from '../plan/configuration.ts';
import { textAt } from '../safety/timers/undo-kube.ts';
import { missing, notNeeded, NOT_REACHED, ok, someOf, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';
import { errorCode, errorText } from '../../reports/record/error-text.ts';

/** Every source of a secret or a certificate that the environment file names, for what would be asked. Values are never shown. */
export const secrets: Kind = { name: 'secrets', look };

interface Named {
  source: Source;
  /** Where the environment file names it. */
  at: string[];
  needed: boolean;
}

async function look(situation: Situation): Promise<Item[]> {
  const { environment, reached, deadlineMs } = situation;
  const wanted = wantedIn(situation);
  const named = new Map<string, Named>();
  for (const { source, path } of sourcesNamed(environment)) {
    // Looked at with the cluster.
    if (path === 'cluster.kubeconfig') continue;
    const key = JSON.stringify(source);
    const before = named.get(key);
    const needed = (before?.needed ?? false) || wanted(path);
    named.set(key, { source, at: [...(before?.at ?? []), path], needed });
  }
  const items = [...named.values()].map((one) =>
    one.needed
      ? itemOf(one, reached?.kube ?? null, deadlineMs)
      : Promise.resolve(notNeeded(textOf(one), 'no planned check asks for it')),
  );
  return Promise.all(items);
}

/** Where a run that does more than read sends its own trace and metrics. */
const SENT = ['telemetry.otlp', 'telemetry.pushgateway'];

/** What a run is refused without; one of a selection also wants what is sent when it ends. */
function wantedIn({ environment, running, wholeProfile }: Situation): (at: string) => boolean {
  if (running.length === 0) return () => false;
  if (wholeProfile) return neededFor(environment, running, 'profile');
  const reads = environment.readOnly === true;
  const sections = [...(reads ? [] : SENT), ...sectionsAsked(environment, running)];
  const within = (at: string, some: readonly string[]): boolean =>
    some.some((section) => at.startsWith(`${section}.`));
  return (at) => within(at, sections) && !(reads && within(at, SENT));
}

function textOf({ source, at }: Named): string {
  return `${sourceText(source)} (${someOf(at)})`;
}

async function itemOf(named: Named, kube: KubeCall | null, timeoutMs: number): Promise<Item> {
  const { source } = named;
  const what = textOf(named);
  if ('env' in source) {
    if ((process.env[source.env] ?? '') !== '') return ok(what, 'set');
    return missing(what, 'not set, or empty', `export ${source.env}=…`);
  }
  if ('file' in source) return fileItem(what, source.file);
  if (kube === null) return unknown(what, NOT_REACHED);
  return objectItem(what, keyedIn(source), { kube, timeoutMs });
}

function fileItem(what: string, file: string): Item {
  try {
    return readFileSync(file, 'utf8').trim() === ''
      ? missing(what, 'the file is empty')
      : ok(what, 'readable, not empty');
  } catch (error) {
    const why = errorCode(error) === 'ENOENT' ? 'there is no such file' : errorText(error);
    return missing(what, why, 'put it there, or correct the path; a relative one starts where you are now');
  }
}

async function objectItem(
  what: string,
  { kind, namespace, name, key }: Keyed,
  { kube, timeoutMs }: { kube: KubeCall; timeoutMs: number },
): Promise<Item> {
  try {
    const resource = `${kind.toLowerCase()}s`;
    const path = `/api/v1/namespaces/${namespace}/${resource}/${name}`;
    const { status, body } = await kube({ method: 'GET', path, timeoutMs });
    if (status === 403)
      return missing(
        what,
        'the account may not read it',
        `- { apiGroups: [''], resources: [${resource}], resourceNames: [${name}], verbs: [get] }\n# a Role in the namespace ${namespace}, by the owner of that ${kind}; no role of deploy/ has it`,
      );
    if (status === 404) return missing(what, `there is no such ${kind}`);
    if (status !== 200) return unknown(what, `the API server answered ${status}`);
    return textAt(body, 'data', key) === undefined
      ? missing(what, `the ${kind} has no such key`)
      : ok(what, 'readable');
  } catch (error) {
    return unknown(what, errorText(error));
  }
}
