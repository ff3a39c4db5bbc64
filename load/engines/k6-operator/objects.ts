/** The objects that are created in the cluster for one load. */
import type { KubeObject, ObjectRef } from '../../../probes/kubernetes/types.ts';
import { NO_SIDECAR } from '../../../reports/record/names/no-sidecar.ts';
import { MAIN } from './bundle.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const CHECK = 'plumbline.dev/check';

/** Creates and deletes objects. The implementation may record each one for rollback before it is created. */
export interface Objects {
  create(object: KubeObject, signal: AbortSignal): Promise<void>;
  /** No error when the object is gone already. */
  remove(ref: ObjectRef): Promise<void>;
}

export interface Spread {
  namespace: string;
  /** Id of the check that the load is for, with dots in place of slashes. */
  check: string;
  /** Pods that share the load. k6 gives each an equal part of every rate and of every VU. */
  parallelism: number;
  /** Image with k6 2.x. Required, since the operator's default (`grafana/k6:latest`) may be another version. */
  image: string;
  /** Image of the pod that starts the others, in case the operator's default cannot be pulled. */
  starterImage?: string;
  /** Schedules each pod on a different node. */
  separate?: boolean;
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
}

export interface Parts {
  /** Name of all objects. */
  name: string;
  files: Readonly<Record<string, string>>;
  main: string;
  variables: Readonly<Record<string, string>>;
  ca?: string | undefined;
}

const CA_KEY = 'ca.crt';
const CA_FOLDER = '/plumbline-ca';

function labelsOf({ check }: Pick<Spread, 'check'>): Record<string, string> {
  return { [MANAGED_BY]: 'plumbline', [CHECK]: check };
}

/** Plain values, never a Secret: the account for loads may not read Secrets, and so could not clean one up. */
function environment({ variables, ca }: Pick<Parts, 'variables' | 'ca'>): { name: string; value: string }[] {
  const own = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const trust = ca === undefined ? [] : [{ name: 'SSL_CERT_FILE', value: `${CA_FOLDER}/${CA_KEY}` }];
  return [...own.toSorted((one, other) => (one.name < other.name ? -1 : 1)), ...trust];
}

/** Names, numbers and durations; to a shell they are one word. */
const IS_WORD = /^[\w.]+$/;

/**
 * Variables of the pod that reads the script's options, with `k6 archive` in a shell. Operators 1.3.1 to 1.5.0 write their values into that
 * command as they are, so JSON or a text with spaces would break it. It gets those that are one word: the operator refuses a script that has
 * fewer users (MAX_VUS) than pods. Init code of the scenarios needs no others.
 */
function words({ variables }: Parts): unknown[] {
  return environment({ variables }).filter(({ value }) => IS_WORD.test(value));
}

function trustVolume({ name, ca }: Parts): Record<string, unknown> {
  if (ca === undefined) return {};
  return {
    volumes: [{ name: 'plumbline-ca', configMap: { name, items: [{ key: CA_KEY, path: CA_KEY }] } }],
    volumeMounts: [{ name: 'plumbline-ca', mountPath: CA_FOLDER, readOnly: true }],
  };
}

function testRun(spread: Spread, parts: Parts): KubeObject {
  const labels = labelsOf(spread);
  const ofPods = {
    labels: { ...labels, ...NO_SIDECAR.labels },
    annotations: NO_SIDECAR.annotations,
  };
  const { parallelism, separate, image, starterImage, resources } = spread;
  const pod = {
    image,
    metadata: ofPods,
    // k6 does not use the Kubernetes API.
    automountServiceAccountToken: 'false',
    ...(resources && { resources }),
  };
  return {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: { name: parts.name, namespace: spread.namespace, labels },
    spec: {
      parallelism,
      ...(separate === true && { separate }),
      script: { configMap: { name: parts.name, file: MAIN } },
      arguments: '--no-usage-report --no-color --log-format=json --include-system-env-vars',
      // The count of interrupted iterations appears only in the progress lines.
      quiet: 'false',
      // Without it the operator takes that of the runner, with all its variables.
      initializer: { ...pod, env: words(parts) },
      runner: { ...pod, env: environment(parts), ...trustVolume(parts) },
      starter: { ...(starterImage !== undefined && { image: starterImage }), metadata: ofPods },
    },
  };
}

/** In the order of creation: the ConfigMap that the TestRun mounts comes first. */
export function objectsOf(spread: Spread, parts: Parts): KubeObject[] {
  const metadata = { name: parts.name, namespace: spread.namespace, labels: labelsOf(spread) };
  const data = { ...parts.files, [MAIN]: parts.main, ...(parts.ca !== undefined && { [CA_KEY]: parts.ca }) };
  return [{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, testRun(spread, parts)];
}
