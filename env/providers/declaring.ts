/** What the declaration of each provider may say: `declaration.ts` in its folder, which `declared.ts` finds. */
import { z } from 'zod';
import type { InstanceName } from '../../host/paths.ts';
import type { Finding } from '../finding.ts';

export const KINDS = ['local', 'development', 'testing', 'staging', 'production'] as const;
export const SIZES = ['small', 'full'] as const;

export type EnvironmentKindName = (typeof KINDS)[number];
export type Size = (typeof SIZES)[number];

/** The shape of `cluster` that each provider reads, by its name: the declaration of each adds its own. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is what others merge into
export interface ProviderShapes {}

export type ProviderName = keyof ProviderShapes;

/** `cluster` of an environment file: how to reach the environment, in the shape of one provider. */
export type Cluster = ProviderShapes[ProviderName];

/**
 * What a provider can do to an environment and alone knows how to undo, by kind: the declaration of each adds its own. Data only, so that another
 * process can do it later; whatever undoes it must change nothing when it is done twice.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is what others merge into
export interface ProviderRollbacks {}

export type RollbackKind = keyof ProviderRollbacks;
export type ProviderRollback = {
  [Kind in RollbackKind]: { kind: Kind } & ProviderRollbacks[Kind];
}[RollbackKind];

/** How rollbacks of one kind are read from the disk, and what becomes of them. */
export interface RollbackDeclaration {
  /** Everything of it but its kind. */
  schema: z.ZodObject;
  /** A restart of the machine undoes it by itself: the kernel forgets it. */
  endsWithBoot?: true;
}

const argv = z
  .array(z.string().min(1))
  .min(1)
  .describe('A command and its words, run without a shell; {node} stands for the name of the node');

/** For providers of clusters whose nodes are machines. */
export const power = z
  .strictObject({
    off: argv.describe('Takes the power of a node away at once, no shutdown'),
    on: argv.describe('Gives it back; harmless when the node is on'),
    state: argv.describe('Prints whether it is on'),
    isOn: z.string().min(1).describe('What `state` prints of a node that is on'),
    isOff: z.string().min(1).describe('What `state` prints of a node that is off'),
  })
  .describe('How the power of a node is switched from where Plumbline runs; without it node-loss is not-run');

export type Power = z.infer<typeof power>;

/** For providers of clusters that are there without us. */
export const pin = z
  .strictObject({
    kubeSystemUid: z.uuid().describe('metadata.uid of the namespace kube-system'),
    caSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')
      .describe("SHA-256 of the cluster CA's DER"),
  })
  .describe('What the cluster must be: with any other, nothing is done');

export type Pin = z.infer<typeof pin>;

/** What a provider says of one environment. */
export interface Traits {
  /**
   * It is there for Plumbline alone: nobody's permit is asked, a drill needs no `--yes`, its budget is not enforced, everything that it needs to be
   * asked comes with it, and it has the stores and parts that it was provisioned with, and no others.
   */
  ownedByUs: boolean;
  /** Its instance on this machine, which holds its nodes, its state and its rollback journal; left out: it is elsewhere. */
  instance?: InstanceName;
  /** The size that it has, where it has one. */
  size?: Size;
  /** How the power of its nodes is switched, where its file says so. */
  power?: Power | undefined;
  /** Namespaces of the cluster itself in which controls change something, so that they are compared before and after. */
  systemNamespaces: readonly string[];
  /** Why no check runs here, where none is built for it. */
  notBuilt?: string;
}

/** What is known of a provider before anybody reaches anything. */
export interface ProviderDeclaration<Name extends ProviderName = ProviderName> {
  /** As its folder is called; `cluster` of an environment file has a key of this name, and no other provider's has. */
  name: Name;
  /** Its place in lists: the lower the earlier. */
  order: number;
  /** What `cluster` says of one. */
  schema: z.ZodType<ProviderShapes[Name]>;
  /** Kinds of environment that may use it. */
  environmentKinds: readonly EnvironmentKindName[];
  /** Names of the environments that `plumbline env up` provisions with it; left out: they are provisioned by others. */
  provisions?: readonly string[];
  traits(cluster: ProviderShapes[Name]): Traits;
  /** The same cluster in another size; left out: it has no sizes. */
  resized?(cluster: ProviderShapes[Name], size: Size): ProviderShapes[Name];
  /** What is wrong with `cluster` beside the rest of the file, which its schema cannot see. */
  findings?(cluster: ProviderShapes[Name], file: { name: string }): Finding[];
  /** How what it alone can undo is read; its `index.ts` says how it is undone. */
  rollbacks?: Partial<Record<RollbackKind, RollbackDeclaration>>;
}
