import { isIP } from 'node:net';
import type { Environment, Trust } from '../../env/schema.ts';
import { addressOfUrl, hostAndPort, hostOfUrl } from '../../host/http.ts';
import { proxyFor } from '../../host/proxy.ts';
import { servedCertificate } from '../../host/served-certificate.ts';
import type { Endpoint } from '../../host/served-certificate.ts';
import { trusted } from '../../probes/edge/edge-request.ts';
import { apiProxy, skipsVerification } from '../../probes/kubernetes/index.ts';
import { askedBy } from './asked.ts';
import { expiryItem } from './expiry.ts';
import { missing, notNeeded, NOT_REACHED, unknown } from './item.ts';
import type { Item, Kind, Reached, Situation } from './item.ts';

/** Certificates that are served at the declared addresses: their chain, their name, and for how long. */
export const certificates: Kind = { name: 'certificates', look };

interface Served {
  /** The key that declares it. */
  key: string;
  /** As a person would name it; several where several keys name one address. */
  what: string;
  host: string;
  port: number;
  serverName?: string | undefined;
  trust: Trust;
  /** What leads there; left out: it is connected to. */
  proxy?: string | undefined;
}

async function look(situation: Situation): Promise<Item[]> {
  const { environment, reached, deadlineMs, signal } = situation;
  const asked = askedBy(situation);
  const all = [...ofCluster(environment, reached), ...ofUrls(environment)];
  const items = eachOnce(all.filter(({ key }) => asked(key))).map(async (one) => {
    if (one.proxy !== undefined) return unknown(textOf(one), behind(one.proxy));
    const authority = await authorityOf(one.trust, reached);
    if ('unavailable' in authority) return unknown(textOf(one), authority.unavailable);
    const { host, port, serverName } = one;
    const at = { host, port, ...(serverName !== undefined && { serverName }), ...authority };
    return itemOf(one, await servedCertificate(at, { timeoutMs: deadlineMs, signal }));
  });
  const others = eachOnce(all.filter(({ key }) => !asked(key)));
  return [
    ...(await Promise.all(items)),
    ...others.map((one) => notNeeded(textOf(one), 'no planned check asks it')),
  ];
}

/** Who asks there verifies it, and does not say for how long it is valid. */
function behind(proxy: string): string {
  return `it is reached through the proxy ${proxy}, and only a certificate that is connected to directly can be looked at`;
}

function itemOf(one: Served, seen: Awaited<ReturnType<typeof servedCertificate>>): Item {
  const what = textOf(one);
  const { validTo, chainOk, nameOk, detail } = seen;
  if (validTo === null)
    return missing(what, `no TLS there: ${detail}`, 'the right address, or a way to it from this machine');
  const expiry = expiryItem(what, validTo);
  if (expiry.state === 'missing') return expiry;
  if (chainOk !== false && nameOk !== false) return expiry;
  const name = one.serverName ?? one.host;
  const wrong = [
    ...(chainOk === false ? ['it is not of the declared authority (trust)'] : []),
    ...(nameOk === false ? [`it is not for ${name}`] : []),
  ];
  return missing(
    what,
    `${wrong.join('; ')}: ${detail}`,
    `the authority that signs it as trust: { file: … }, or a certificate for ${name}`,
  );
}

function textOf({ what, host, port }: Served): string {
  return `${what} at ${host}:${port}`;
}

/** Each address once, under every key that names it. */
function eachOnce(all: readonly Served[]): Served[] {
  const distinct = new Map<string, Served>();
  for (const one of all) {
    const key = JSON.stringify([one.host, one.port, one.serverName ?? one.host, one.trust]);
    const before = distinct.get(key);
    distinct.set(key, before === undefined ? one : { ...before, what: `${before.what}, ${one.what}` });
  }
  return [...distinct.values()];
}

/** What is declared at the address of the API server is reached as that is. */
function ofCluster({ apiAddress, topology }: Environment, reached: Reached | null): Served[] {
  const trust = 'cluster';
  const api = reached === null ? [] : apiServer(reached);
  const declared: Served[] = [
    ...(apiAddress === undefined
      ? []
      : [{ key: 'apiAddress', what: 'apiAddress', ...hostAndPort(apiAddress), trust } as const]),
    ...topology.certificates.map(({ name, ...one }) => ({
      key: 'topology.certificates',
      what: `certificate ${name}`,
      ...one,
    })),
  ];
  const way = ({ host, port }: Served): string | undefined =>
    api.find((one) => one.host === host && one.port === port)?.proxy;
  return [...api, ...declared.map((one) => ({ ...one, proxy: way(one) }))];
}

/** Under the name that the kubeconfig asks for, where it says another than its address. */
function apiServer({ cluster }: Reached): Served[] {
  const { server, config } = cluster.client.transport;
  const { tlsServerName } = config.getCurrentCluster() ?? {};
  return ofUrl('API server', { url: server, trust: 'cluster' }).map((one) => ({
    ...one,
    key: 'cluster',
    proxy: apiProxy(config) ?? undefined,
    ...(tlsServerName !== undefined && { serverName: tlsServerName }),
  }));
}

interface Url {
  url: string;
  address?: string | undefined;
  trust?: Trust | undefined;
}

function ofUrls({ topology, prometheus, telemetry }: Environment): Served[] {
  const { edge } = topology;
  const { logs, traces, alerts, dashboards, otlp, pushgateway } = telemetry ?? {};
  const named: Record<string, Url | undefined> = {
    'topology.edge': edge,
    prometheus,
    'telemetry.logs': logs,
    'telemetry.traces': traces,
    'telemetry.alerts': alerts,
    'telemetry.dashboards': dashboards,
    'telemetry.dashboards.kibana': dashboards?.kibana,
    'telemetry.otlp': otlp,
    'telemetry.pushgateway': pushgateway,
  };
  return Object.entries(named).flatMap(([what, one]) =>
    one === undefined ? [] : ofUrl(what, one).map((served) => ({ ...served, proxy: wayTo(what, one) })),
  );
}

/** What clients of the platform see, and where a run sends its own trace and metrics. */
const DIRECT = ['topology.edge', 'telemetry.otlp', 'telemetry.pushgateway'];

/** Sources of telemetry are asked through a proxy where the environment names one. */
function wayTo(what: string, { url, address }: Url): string | undefined {
  return DIRECT.includes(what) || address !== undefined ? undefined : proxyFor(url)?.text;
}

/** Empty where nothing is encrypted. */
function ofUrl(what: string, { url, address, trust = 'system' }: Url): Served[] {
  if (!url.startsWith('https:')) return [];
  const name = hostOfUrl(url);
  // A client asks for no name where it has an address alone (RFC 6066, section 3).
  return [
    { key: what, what, ...addressOfUrl(url, address), ...(isIP(name) === 0 && { serverName: name }), trust },
  ];
}

/** Without `trusted`, it is not verified who signed a certificate: a kubeconfig may not say. */
async function authorityOf(
  trust: Trust,
  reached: Reached | null,
): Promise<Pick<Endpoint, 'trusted'> | { unavailable: string }> {
  if (trust === 'cluster') {
    if (reached === null) return { unavailable: NOT_REACHED };
    const pem = reached.cluster.authority();
    if (pem !== null) return { trusted: { pem } };
    return skipsVerification(reached.cluster.client.transport.config) ? {} : { trusted: 'system' };
  }
  const found = await trusted(trust);
  if ('unavailable' in found) return found;
  return { trusted: found.pem === undefined ? 'system' : { pem: found.pem } };
}
