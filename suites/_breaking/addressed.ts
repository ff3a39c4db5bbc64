/** Objects of the cluster behind what an environment gives only the address of. */
import { addressOfUrl } from '../../host/http.ts';
import { clusterName } from '../../probes/kubernetes/cluster-name.ts';
import { selects } from '../../probes/kubernetes/label-selector.ts';
import type { ServiceObject } from '../../probes/kubernetes/objects.ts';
import { NotApplicable } from '../harness/control.ts';
import type { ControlContext } from '../harness/control.ts';
import { deployment } from './objects.ts';
import type { Deployed } from './objects.ts';

/** A section of an environment file that has an address, with its key. */
interface Addressed {
  key: string;
  declared: { url: string; address?: string | undefined } | undefined;
}

/** The Service that an address leads to, with a selector. @throws NotApplicable where it is no such Service of this cluster */
export async function serviceAt(ctx: ControlContext, { key, declared }: Addressed): Promise<ServiceObject> {
  if (declared === undefined) throw new NotApplicable(`the environment declares no ${key}`);
  const { host } = addressOfUrl(declared.url, declared.address);
  const services = (await ctx.list({ kind: 'v1/Service' })).filter(({ spec }) => spec.selector !== undefined);
  const namespaces = services.map(({ metadata }) => metadata.namespace ?? '');
  const name = host.includes('.') ? clusterName(host, namespaces) : null;
  const found = services.find((service) => {
    const { metadata } = service;
    if (name === null) return addressesOf(service).includes(host);
    return metadata.name === name.service && metadata.namespace === name.namespace;
  });
  if (found !== undefined) return found;
  throw new NotApplicable(
    `${key} is asked at ${host}, which is no Service of this cluster with a selector: what stands behind it is not known`,
  );
}

function addressesOf({ spec, status }: ServiceObject): (string | undefined)[] {
  const balanced = status?.loadBalancer?.ingress ?? [];
  return [spec.clusterIP, ...(spec.externalIPs ?? []), ...balanced.map(({ ip }) => ip)];
}

/** The Deployment whose pods answer at an address. @throws NotApplicable where it is not one alone */
export async function deploymentAt(ctx: ControlContext, of: Addressed): Promise<Deployed> {
  const { metadata, spec } = await serviceAt(ctx, of);
  const { name, namespace = '' } = metadata;
  const selector = { matchLabels: spec.selector ?? {} };
  const all = await ctx.list({ kind: 'apps/v1/Deployment', namespace });
  const [only, ...others] = all.filter(({ spec: { template } }) =>
    selects(selector, template.metadata?.labels),
  );
  if (only !== undefined && others.length === 0) return deployment(namespace, only.metadata.name);
  throw new NotApplicable(
    `${of.key} is behind Service ${namespace}/${name}, whose pods are of ${only === undefined ? 'no Deployment' : 'several Deployments'}`,
  );
}
