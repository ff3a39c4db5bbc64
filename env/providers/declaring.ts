/** What the declaration of each provider may say: `declaration.ts` in its folder, which `declared.ts` finds. */
import { z } from 'zod';
import type { InstanceName } from '../../host/paths.ts';
import type { Finding } from '../finding.ts';

export const KINDS = ['local', 'development', 'testing', 'staging', 'production'] as const;
export const SIZES = ['small', 'full'] as const;

export type EnvironmentKindName = (typeof KINDS)[number];
export type Size = (typeof SIZES)[number];

/** The shape of `cluster` for each provider, by its name; each declaration merges its own into it. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is what others merge into
export interface ProviderShapes {}

export type ProviderName = keyof ProviderShapes;

/** `cluster` of an environment file: how to reach the environment, in the shape of one provider. */
export type Cluster = ProviderShapes[ProviderName];

/**
 * Rollbacks that only a provider can carry out, by kind; each declaration merges its own. Data only, so that another process can run
 * them later. Running one twice must change nothing.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is what others merge into
export interface ProviderRollbacks {}

export type RollbackKind = keyof ProviderRollbacks;
export type ProviderRollback = {
  [Kind in RollbackKind]: { kind: Kind } & ProviderRollbacks[Kind];
}[RollbackKind];

/** How rollbacks of one kind are read from disk, and whether they survive a reboot. */
export interface RollbackDeclaration {
  /** Every field except `kind`. */
  schema: z.ZodObject;
  /** Restarting the machine undoes it: the state is only in the kernel. */
  endsWithBoot?: true;
}

const argv = z.array(z.string().min(1)).min(1).describe('A command and its arguments, run without a shell');

/** For providers of clusters whose nodes are machines. */
export const power = z
  .strictObject({
    off: argv.describe('Switches a node off at once, without a shutdown'),
    on: argv.describe('Switches the node on; harmless when the node is on already'),
    state: argv.describe('Prints whether the node is on'),
    isOn: z.string().min(1).describe('What `state` prints of a node that is on'),
    isOff: z.string().min(1).describe('What `state` prints of a node that is off'),
  })
  .describe(
    'How the power of a node is switched from where Plumbline runs, by commands in which {node} stands for the name of the node, {providerId} for spec.providerID of its Node object, {instanceId} for what follows the last / in that; without it node-loss is not-run; not for nodes of a group that replaces stopped machines, such as an autoscaling group',
  );

export type Power = z.infer<typeof power>;

/** For providers of clusters that Plumbline does not provision. */
export const pin = z
  .strictObject({
    kubeSystemUid: z.uuid().describe('metadata.uid of the namespace kube-system'),
    caSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')
      .optional()
      .describe(
        "SHA-256 of the DER of the cluster's CA, any one where it has several; left out where the kubeconfig names none",
      ),
  })
  .describe('Identity of the cluster: Plumbline does nothing in a cluster that differs');

export type Pin = z.infer<typeof pin>;

/** For providers of clusters whose network this machine may be outside of. */
export const reach = z
  .enum(['direct', 'port-forward'])
  .describe(
    'direct, the default: this machine is in the network of the pods, or has a way into it. port-forward: it is not, and asks stores through the API server; what clients see is then measured only of addresses that are outside of the cluster, and certificates at the addresses of nodes are not looked at',
  );

/** What a provider says of one environment. */
export interface Traits {
  /**
   * The environment exists for Plumbline alone. It needs no permit, a drill needs no `--yes`, and its error budget is not enforced. It
   * comes with everything that is needed to query it.
   */
  ownedByUs: boolean;
  /** It has exactly the stores and parts that it was provisioned with here; left out: whatever its file declares exists. */
  asProvisioned?: true;
  /** Its instance on this machine, which holds its nodes, its state and its rollback journal; left out: it is elsewhere. */
  instance?: InstanceName;
  /** The instance whose nodes share this machine, which shows how busy they are; left out: its metrics API shows it. */
  onThisMachine?: InstanceName;
  /** The size that it has, where it has one. */
  size?: Size;
  /** How its nodes are powered on and off, if its file says so. */
  power?: Power | undefined;
  /** How its pods and Services are reached from this machine; left out: directly. */
  reach?: z.infer<typeof reach> | undefined;
  /** Namespaces of the cluster itself in which controls change something, so that they are compared before and after. */
  systemNamespaces: readonly string[];
  /** Why no check runs here; left out: checks run. */
  notBuilt?: string;
}

/** Static facts about a provider, known without reaching any environment. */
export interface ProviderDeclaration<Name extends ProviderName = ProviderName> {
  /** The name of its folder, and the key in `cluster` that selects it. */
  name: Name;
  /** Its place in lists: the lower the earlier. */
  order: number;
  /** Schema of its `cluster` section. */
  schema: z.ZodType<ProviderShapes[Name]>;
  /** Kinds of environment that may use it. */
  environmentKinds: readonly EnvironmentKindName[];
  /** Names of the environments that `plumbline env up` provisions with it; left out: they are provisioned by others. */
  provisions?: readonly string[];
  traits(cluster: ProviderShapes[Name]): Traits;
  /** Whether its pin is still that of a template, which no cluster matches. */
  pinIsPlaceholder?(cluster: ProviderShapes[Name]): boolean;
  /** The same cluster in another size; left out: it has no sizes. */
  resized?(cluster: ProviderShapes[Name], size: Size): ProviderShapes[Name];
  /** Problems of `cluster` that depend on the rest of the file, which its schema cannot see. */
  findings?(cluster: ProviderShapes[Name], file: { name: string }): Finding[];
  /** Schemas of its rollbacks; its `index.ts` carries them out. */
  rollbacks?: Partial<Record<RollbackKind, RollbackDeclaration>>;
}
