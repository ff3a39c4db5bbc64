import { INSTANCES } from '../../host/paths.ts';
import { z } from 'zod';
import { kubeName } from '../../probes/declaring.ts';

export const KINDS = ['local', 'development', 'testing', 'staging', 'production'] as const;
export const SIZES = ['small', 'full'] as const;

const embedded = z.strictObject({
  embedded: z.enum(INSTANCES).describe('Name of the instance that `plumbline env up` provisions'),
  size: z.enum(SIZES).describe('small: 1 control plane; full: 3, and a GPU pool'),
});

const argv = z
  .array(z.string().min(1))
  .min(1)
  .describe('A command and its words, run without a shell; {node} stands for the name of the node');

const power = z
  .strictObject({
    off: argv.describe('Takes the power of a node away at once, no shutdown'),
    on: argv.describe('Gives it back; harmless when the node is on'),
    state: argv.describe('Prints whether it is on'),
    isOn: z.string().min(1).describe('What `state` prints of a node that is on'),
    isOff: z.string().min(1).describe('What `state` prints of a node that is off'),
  })
  .describe('How the power of a node is switched from where Plumbline runs; without it node-loss is not-run');

const external = z.strictObject({
  kubeconfig: z
    .union([z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })])
    .describe('Path of the kubeconfig, or the environment variable that holds its path'),
  context: z.string().min(1).optional().describe('Context in it; its current one when left out'),
  pin: z
    .strictObject({
      kubeSystemUid: z.uuid().describe('metadata.uid of the namespace kube-system'),
      caSha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')
        .describe("SHA-256 of the cluster CA's DER"),
    })
    .describe('What the cluster must be: with any other, nothing is done'),
  power: power.optional(),
});

const compose = z.strictObject({
  compose: z.strictObject({
    file: z.string().min(1).describe('Compose file, relative to the checkout that holds it'),
    project: z.string().min(1),
  }),
});

/** How to reach the environment: the embedded one, a Kubernetes cluster, or a Compose project. */
export const cluster = z.union([embedded, external, compose]);

export const namespaces = z.strictObject({
  platform: kubeName.default('tender').describe('The platform under test'),
  edge: kubeName.default('edge').describe('Ingress controller and gateway'),
  canary: kubeName.default('plumbline-canary').describe('What checks create and remove'),
  system: kubeName.default('plumbline-system').describe('Lease, mirror of the ledger, kill switch'),
  drill: kubeName
    .default('plumbline-drill')
    .describe('Privileged pods of drills; nothing else may be in it, and its owners make it'),
});

export type Cluster = z.infer<typeof cluster>;
export type Size = (typeof SIZES)[number];
export type Power = z.infer<typeof power>;
