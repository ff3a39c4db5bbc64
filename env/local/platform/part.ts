import type { ImageRecipe } from '../images/recipes.ts';
import type { ClusterSize } from '../nodes/addressing.ts';
import type { PlatformContext } from './context.ts';
import { render } from './manifests.ts';
import type { KubeObject } from './objects.ts';
import type { Secrets } from './secrets.ts';

/** What was applied, for what is awaited of it. */
export interface Applied<Password extends string = string> {
  /** Every object of the platform, with placeholders for passwords: counts, addresses and ports are read from them. */
  readonly objects: readonly KubeObject[];
  /** The passwords that the part declares. */
  readonly secrets: Secrets<Password>;
}

interface Declared<Password extends string> {
  /** For stores and optional parts the word of `--with`. */
  readonly name: string;
  /** Images that are built only with it; default: none. */
  readonly images?: readonly ImageRecipe[];
  /**
   * Passwords that its manifests (`{{secret NAME}}`) and its code use; it is given no other. Each is generated once for an instance. A part that
   * needs another part may name a password of that one. Default: none.
   */
  readonly passwords?: readonly Password[];
  /** Default: `manifests.yaml` in the folder of this name. */
  objects?(context: PlatformContext, secrets: Secrets<Password>): KubeObject[];
  /** What must be done before its objects are applied. */
  prepare?(context: PlatformContext): Promise<void>;
  /** Waits for what it does not tell by being ready. Called when every Deployment, StatefulSet and DaemonSet of the platform is. Default: nothing. */
  works?(context: PlatformContext, applied: Applied<Password>): Promise<void>;
}

/** A store, a service or a tool of the platform, with all that is needed to provision it. */
export type Part = Declared<string> & Required<Pick<Declared<string>, 'images' | 'passwords' | 'objects'>>;

/** A kind of platform. Which one an instance has is in parts.ts. */
export interface Make {
  /** Sizes in which its cluster can be provisioned. */
  readonly sizes: readonly ClusterSize[];
  /** What can be provisioned or left out, by the word that `--with` takes. */
  readonly optional: Readonly<Record<string, Part>>;
  /** Images that it has with any words, besides the cluster's. */
  readonly images: readonly ImageRecipe[];
  /**
   * Its parts with those words, in the order in which they are applied.
   * @param words keys of `optional`
   * @throws when one lacks what it needs
   */
  readonly parts: (words: readonly string[]) => readonly Part[];
}

/** Declares a part. Its functions are given the passwords that it names, which the compiler checks. */
export function part<Password extends string = never>(declared: Declared<Password>): Part {
  return {
    images: [],
    passwords: [],
    objects: (context, secrets) => render(context, secrets, { folder: declared.name }),
    ...declared,
  };
}
