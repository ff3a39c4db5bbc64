/** Where an environment file says from where a secret or a certificate comes. */
import { certificateSource } from '../probes/declaring.ts';
import type { Environment, Source } from './schema.ts';

/** Sections in which sources are named. */
const SECTIONS = ['cluster', 'stores', 'application', 'ai', 'prometheus', 'telemetry', 'topology'] as const;
/** Keys behind which a source stands, at any depth. */
const NAMED = new Set([
  'kubeconfig',
  'password',
  'token',
  'trust',
  'ca',
  'certificate',
  'key',
  'bearer',
  'clientSecret',
]);
/** Below it each key is the name of a header whose value is secret. */
const HEADERS = 'application.credentials.headers';

export interface NamedSource {
  /** Where the file names it: `stores.postgres.tls.ca`. */
  path: string;
  source: Source;
}

/** Every file, environment variable and object of the cluster that is named, in the order of the sections. */
export function sourcesNamed(environment: Pick<Environment, (typeof SECTIONS)[number]>): NamedSource[] {
  return SECTIONS.flatMap((section) => sourcesIn(environment[section], section));
}

function sourcesIn(value: unknown, path: string): NamedSource[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const at = `${path}.${key}`;
    const source = NAMED.has(key) || path === HEADERS ? certificateSource.safeParse(inner).data : undefined;
    return source === undefined ? sourcesIn(inner, at) : [{ path: at, source }];
  });
}
