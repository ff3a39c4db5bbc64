/** Makes objects of a component's manifests: YAML as kubectl takes it, with a few placeholders and what every object here has. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { errorText } from '../../../reports/record/error-text.ts';
import { PART_NAMES } from '../../schema/parts.ts';
import { imageOf } from '../images/index.ts';
import type { PlatformContext } from './context.ts';
import { isMapping, mergeInto, type Fields } from './merge.ts';
import { RECOMMENDED, withDefaults, type KubeObject, type Labelling } from './objects.ts';
import type { Secrets } from './secrets.ts';

/** Where a component's manifests are. */
export interface Component {
  /** From this one, or absolute. What changes where a part of the platform is provisioned is in its `with-<part>.yaml`. */
  readonly folder: string;
  /** From that folder, or absolute, in the order in which they are applied; `manifests.yaml` when left out. */
  readonly files?: readonly string[];
  /** What TypeScript works out: by the names that `{{value NAME}}` uses. */
  readonly values?: Readonly<Record<string, string>>;
  /** How its objects are labelled, and the key of `{{label}}`. Default: as those of the reference platform. */
  readonly labelling?: Labelling;
  /** The objects as the manifests have them, without what those of the reference platform get (objects.ts). Default: false. */
  readonly plain?: boolean;
}

export type RenderContext = Pick<PlatformContext, 'addresses' | 'images' | 'with'>;

type Words = Readonly<Record<string, (name: string) => string>>;

/**
 * Every object of a component, in the order of its documents. A document with `apiVersion` is an object; one without it changes the object of the same
 * kind, name and namespace: mappings and lists of things with names are merged, anything else is replaced.
 * @throws Error with file and place when a placeholder is unknown or cannot be filled, or a document does not fit
 */
export function render(context: RenderContext, secrets: Secrets, component: Component): KubeObject[] {
  const folder = resolve(import.meta.dirname, component.folder);
  const { files = ['manifests.yaml'] } = component;
  const parts = PART_NAMES.filter((part) => context.with.includes(part)).map((part) => `with-${part}.yaml`);
  const there = parts.filter((name) => existsSync(join(folder, name)));
  const objects = new Map<string, Fields>();
  for (const name of [...files, ...there]) {
    const file = resolve(folder, name);
    const words = wordsOf(context, secrets, { ...component, folder: dirname(file) });
    for (const document of documentsOf(file))
      add(objects, fill(document, words, `${file}: `) as Fields, file);
  }
  // Last, since they are of what is applied.
  const digests = { digest: (name: string): string => digestOf(objects, name) };
  return [...objects.values()].map((object) => {
    const spec = fill(object['spec'], digests, `${folder}: .spec`);
    const complete = { ...object, ...(spec !== undefined && { spec }) } as unknown as KubeObject;
    return component.plain === true ? complete : withDefaults(complete, component.labelling ?? RECOMMENDED);
  });
}

/** The placeholders, `{{WORD NAME}}`. */
function wordsOf(
  context: RenderContext,
  secrets: Secrets,
  { folder, values = {}, labelling = RECOMMENDED }: Component,
): Words {
  const words: Words = {
    // The first two octets of every address of the instance; the range of Services begins at `{{block}}.128.0`.
    block: () => context.addresses.block,
    // The pinned reference of an image that was built.
    image: (name) => imageOf(context.images, name).pinned,
    // A password of the instance. Belongs into Secrets alone.
    secret: (name) => known(secrets, name, 'password'),
    value: (name) => known(values, name, 'value'),
    // The key of the label that holds the name of an object.
    label: () => labelling.key,
    // The text of a file beside the manifest, in which placeholders are filled as well.
    file: (name) => {
      const file = join(folder, name);
      return fill(readFileSync(file, 'utf8'), words, `${file}: `) as string;
    },
    // Of a ConfigMap, filled once all of it is known.
    digest: (name) => `{{digest ${name}}}`,
  };
  return words;
}

function known(values: Readonly<Record<string, string>>, name: string, what: string): string {
  const value = values[name];
  if (value === undefined)
    throw new Error(`no ${what} is called "${name}"; there are ${Object.keys(values).join(', ') || 'none'}`);
  return value;
}

const PLACEHOLDER = /\{\{ *(\w*) *([^{}]*?) *\}\}/g;

/** The same with its placeholders filled. What is put in their places is not looked at again. */
function fill(node: unknown, words: Words, at: string): unknown {
  if (Array.isArray(node)) return node.map((item, i) => fill(item, words, `${at}[${String(i)}]`));
  if (isMapping(node))
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        fill(key, words, at) as string,
        fill(value, words, `${at}.${key}`),
      ]),
    );
  if (typeof node !== 'string') return node;
  if (node.replace(PLACEHOLDER, '').includes('{{'))
    throw new Error(`${at} has a placeholder that is not written as {{WORD NAME}}`);
  return node.replace(PLACEHOLDER, (_, word: string, name: string) => {
    try {
      const value = words[word];
      if (value === undefined)
        throw new Error(`no placeholder is called "${word}"; there are ${Object.keys(words).join(', ')}`);
      return value(name);
    } catch (error) {
      throw new Error(`${at} ${errorText(error)}`, { cause: error });
    }
  });
}

function documentsOf(file: string): Fields[] {
  // YAML 1.2 with merge keys; `{{…}}` without quotes would be a mapping as a key, which is refused.
  const options = { merge: true, stringKeys: true } as const;
  return parseAllDocuments(readFileSync(file, 'utf8'), options).flatMap((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw new Error(`${file}: ${problem.message}`, { cause: problem });
    const content: unknown = document.toJS();
    if (!isMapping(content)) throw new Error(`${file}: a document is not a mapping`);
    return content['kind'] === 'List' ? (content['items'] as Fields[]) : [content];
  });
}

function add(objects: Map<string, Fields>, document: Fields, file: string): void {
  const { kind, metadata } = document as Partial<KubeObject>;
  if (kind === undefined || metadata?.name === undefined)
    throw new Error(`${file}: a document lacks kind or metadata.name`);
  const id = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const before = objects.get(id);
  const isNew = document['apiVersion'] !== undefined;
  if (isNew && before !== undefined) throw new Error(`${file}: ${id} appears twice`);
  if (!isNew && before === undefined) throw new Error(`${file}: there is no ${id} to change`);
  objects.set(id, before === undefined ? document : mergeInto(before, document));
}

function digestOf(objects: ReadonlyMap<string, Fields>, name: string): string {
  const found = [...objects.values()].find(
    ({ kind, metadata }) => kind === 'ConfigMap' && (metadata as KubeObject['metadata']).name === name,
  );
  if (found === undefined) throw new Error(`no ConfigMap is called "${name}"`);
  return createHash('sha256').update(JSON.stringify(found['data'])).digest('hex');
}
