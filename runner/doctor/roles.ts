/** Who is given what by deploy/: which documented role has a right. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { namespaces } from '../../env/schema/namespaces.ts';
import type { Place, Right } from '../../probes/kubernetes/access/rights.ts';

const NAMED = { name: z.string(), namespace: z.string().default('') };
const rule = z.object({
  apiGroups: z.array(z.string()).default(['']),
  resources: z.array(z.string()).default([]),
  nonResourceURLs: z.array(z.string()).default([]),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});
const manifest = z.object({
  kind: z.string(),
  metadata: z.object(NAMED),
  rules: z.array(rule).default([]),
  roleRef: z.object({ name: z.string() }).optional(),
  subjects: z.array(z.object(NAMED)).default([]),
});

/** One verb on one resource in one place: what is granted and what is needed is compared in these. */
export interface Grain {
  verb: string;
  group: string;
  resource: string;
  /** A namespace; empty: the whole cluster. */
  namespace: string;
  /** Empty: any. */
  name: string;
}

export interface Grant extends Grain {
  role: string;
  /** In deploy/. */
  file: string;
  /** Those that it is bound to. */
  accounts: readonly string[];
}

const DEPLOY = path.join(import.meta.dirname, '..', '..', 'deploy');

const MANIFESTS = ['rbac.yaml', 'port-forward.yaml'].flatMap((file) =>
  parseAllDocuments(readFileSync(path.join(DEPLOY, file), 'utf8')).map((document) => ({
    file,
    ...manifest.parse(document.toJS()),
  })),
);

function accountsOf({ name, namespace }: { name: string; namespace: string }): string[] {
  return MANIFESTS.filter(
    ({ metadata, roleRef }) => roleRef?.name === name && metadata.namespace === namespace,
  ).flatMap(({ subjects }) => subjects.map((one) => one.name));
}

/** Everything that deploy/rbac.yaml and deploy/port-forward.yaml grant. */
export const GRANTS: readonly Grant[] = MANIFESTS.flatMap(({ file, metadata, rules }) => {
  const accounts = accountsOf(metadata);
  const { name: role, namespace } = metadata;
  return rules.flatMap(({ apiGroups, resources, nonResourceURLs, resourceNames = [''], verbs }) =>
    apiGroups.flatMap((group) =>
      [...resources, ...nonResourceURLs].flatMap((resource) =>
        resourceNames.flatMap((name) =>
          verbs.map((verb) => ({ verb, group, resource, namespace, name, role, file, accounts })),
        ),
      ),
    ),
  );
});

const { platform, edge, canary, system, drill } = namespaces.parse({});
/** Where deploy/ has each place. */
const DOCUMENTED: Readonly<Record<Place, string>> = {
  everywhere: '',
  platform,
  edge,
  workloads: platform,
  canary,
  system,
  drill,
  'kube-system': 'kube-system',
};

/** Rights as deploy/ has them, one verb and one name each. */
export function grainsOf(rights: readonly Right[]): Grain[] {
  return rights.flatMap(({ verbs, group, resource, where, names = [''] }) =>
    verbs.flatMap((verb) =>
      names.map((name) => ({ verb, group, resource, namespace: DOCUMENTED[where], name })),
    ),
  );
}

export function covers(grant: Grain, need: Grain): boolean {
  return (
    grant.verb === need.verb &&
    grant.group === need.group &&
    grant.resource === need.resource &&
    ['', need.namespace].includes(grant.namespace) &&
    ['', need.name].includes(grant.name)
  );
}

/** The documented role that grants all of a right to an account of Plumbline, as `Role plumbline-canary of deploy/rbac.yaml`; null: none does. */
export function roleWith(right: Right): string | null {
  const grains = grainsOf([right]);
  const found = GRANTS.find(
    ({ role, accounts }) =>
      accounts.some((account) => ['plumbline', 'plumbline-drill'].includes(account)) &&
      grains.every((need) => GRANTS.some((grant) => grant.role === role && covers(grant, need))),
  );
  return found === undefined
    ? null
    : `${found.namespace === '' ? 'ClusterRole' : 'Role'} ${found.role} of deploy/${found.file}`;
}
