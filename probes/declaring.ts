import { isIP } from 'node:net';
import { z } from 'zod';

/** Kubernetes names: RFC 1123 labels. */
export const kubeName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'a Kubernetes name: lower-case letters, digits, "-" and "."');

export const port = z.int().min(1).max(65535);

const HOST_PORT = /^\[?[A-Za-z0-9.:-]+\]?:\d{1,5}$/;

/** `host:port` as clients type it. */
export const hostPort = z
  .string()
  .regex(HOST_PORT, 'host:port')
  // What has another form is refused above.
  .refine(
    (text) => !HOST_PORT.test(text) || isHostPort(text),
    'expected host:port, with an IPv6 address in brackets ([fd00::1]:6443) and a port of 1 to 65535',
  );

/** Without brackets the last part of an IPv6 address would be read as its port. */
function isHostPort(text: string): boolean {
  const [, ipv6, plain = '', digits] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(text) ?? [];
  if (Number(digits) < 1 || Number(digits) > 65535) return false;
  return ipv6 === undefined ? isIP(plain) === 4 || isName(plain) : isIP(ipv6) === 6;
}

/** A name that can be looked up; one of digits alone is an address that is mistyped. */
function isName(text: string): boolean {
  return /^\w([\w.-]*\w)?\.?$/.test(text) && !/^[\d.]+$/.test(text);
}

/** A name or an address by itself: IPv6 without brackets. */
export const host = z
  .string()
  .min(1)
  .refine(
    (text) => text === '' || isIP(text) > 0 || isName(text),
    'expected a name or an address alone: no scheme, no port (it is a key of its own), IPv6 without brackets',
  );

/** Read by the harness itself: only a shell knows what `~` is. */
export const filePath = z
  .string()
  .min(1)
  .regex(/^(?!~)/, 'a path that does not begin with `~`')
  .describe('Its path; a relative one starts where the command is called');

export const endpoint = z.strictObject({
  host: host.describe('Name or address as clients use it'),
  port,
});

export const labels = z.record(z.string(), z.string());

/** A Kubernetes object by its name. */
export const objectName = z.strictObject({ namespace: kubeName, name: kubeName });

/** Of a service that an autoscaler resizes. */
export const scalingMetric = z
  .string()
  .min(1)
  .optional()
  .describe(
    'The metric by which its autoscaler must decide, by the name in its spec (`cpu`; `container/cpu`; the name of a Pods, Object or External metric); any when left out',
  );

/** Of a service whose autoscaler KEDA makes. */
export const scaledObject = kubeName
  .optional()
  .describe(
    'The ScaledObject of KEDA that makes its autoscaler, in the namespace of the service: whether it is paused, and how it goes from and to no pods, is read there',
  );

/** A number, or a range where the number follows the load. Always `{min, max}` once loaded. */
export const countRange = z
  .union([z.int().min(0), z.strictObject({ min: z.int().min(0), max: z.int().min(0) })])
  .transform((count) => (typeof count === 'number' ? { min: count, max: count } : count))
  .describe('A number, or {min, max} where it follows the load');

/** Where a secret comes from. Its value is read when it is needed, never written anywhere. */
export const secretSource = z
  .union([
    z.strictObject({
      secret: z.strictObject({ namespace: kubeName, name: kubeName, key: z.string().min(1) }),
    }),
    z.strictObject({ file: filePath }),
    z.strictObject({
      env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable'),
    }),
  ])
  .describe('A Kubernetes Secret, a file, or an environment variable');

/** Where the certificates of an authority come from: they are no secret, and clusters often have them in a ConfigMap. */
export const certificateSource = z.union([
  secretSource,
  z
    .strictObject({
      configMap: z.strictObject({ namespace: kubeName, name: kubeName, key: z.string().min(1) }),
    })
    .describe('A ConfigMap'),
]);

/** A URL without an account in it: it goes into records and messages. */
export const plainUrl = z
  .url()
  .refine(
    (text) => !/^[a-z]+:\/\/[^/?#]*@/i.test(text),
    'a URL without user and password: name their sources instead',
  );

/** 198.18.0.0/15, which leaves no machine (RFC 2544): the addresses of the embedded environments; and this machine itself. */
const STAYS_HERE = /^http:\/\/(198\.1[89]\.\d+\.\d+|127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?(\/|$)/;

/** Whether a secret may be sent to this address: by https, or where nothing leaves the machine. */
export function isSafe(url: string): boolean {
  return url.startsWith('https:') || STAYS_HERE.test(url);
}

/** Which authority a TLS certificate must be signed by. */
export const trust = z
  .union([z.enum(['cluster', 'system']), z.strictObject({ file: filePath })])
  .describe(
    '"cluster" (the CA of the kubeconfig), "system", or {file} with PEM certificates; in the path $STATE stands for the state folder of an embedded instance',
  );

/** TLS to the members of a store, and to the address that applications use. */
export const storeTls = z
  .strictObject({
    ca: z
      .union([z.literal('system'), certificateSource])
      .describe(
        'PEM certificates of the authority that signs those of the servers; "system": the usual public ones',
      ),
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The name that each certificate must hold, also of members that are asked by address; default: the host of `primary`',
      ),
    client: z
      .strictObject({ certificate: secretSource, key: secretSource })
      .optional()
      .describe('PEM certificate and key by which the servers know the account'),
  })
  .describe('Left out: nothing is encrypted, the password included');

export type SecretSource = z.infer<typeof secretSource>;
/** Where a secret or a certificate comes from. */
export type Source = z.infer<typeof certificateSource>;

/** The key of an object in the cluster. */
export interface Keyed {
  kind: 'Secret' | 'ConfigMap';
  namespace: string;
  name: string;
  key: string;
}

export function keyedIn(source: Exclude<Source, { file: string } | { env: string }>): Keyed {
  return 'secret' in source
    ? { kind: 'Secret', ...source.secret }
    : { kind: 'ConfigMap', ...source.configMap };
}

/** Where it is, for people. */
export function sourceText(source: Source): string {
  if ('env' in source) return `variable ${source.env}`;
  if ('file' in source) return `file ${source.file}`;
  const { kind, namespace, name, key } = keyedIn(source);
  return `${kind} ${namespace}/${name}, key ${key}`;
}

export type Trust = z.infer<typeof trust>;

/** Name of a load's scenario: one of ours, or one of `load.scenarios`. */
export const scenarioName = z.string().regex(/^[a-z][a-z0-9-]*$/);
