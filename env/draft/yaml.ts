/** A draft as YAML with its comments. */
import { Document, isMap, isSeq, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Node } from 'yaml';
import { isList, Noted } from '../../probes/drafting.ts';
import type { Draft, DraftMap } from '../../probes/drafting.ts';

/** Characters of a line, beyond which a short map is written a key a line. */
const LINE = 150;

export interface Rendering {
  /** Lines above everything. */
  head: readonly string[];
  /** What is commented out is written as data, to see that it is valid. */
  whole?: boolean;
}

export function yamlOf(draft: DraftMap, { head, whole = false }: Rendering): string {
  const document = new Document();
  const contents = mapOf(draft, { whole, depth: 0 });
  document.contents = contents;
  document.commentBefore = commentOf(head);
  // What is left over at the end of the map belongs to the document.
  if (contents.comment) document.comment = contents.comment;
  contents.comment = null;
  return document.toString({ lineWidth: LINE, flowCollectionPadding: true });
}

interface At {
  whole: boolean;
  depth: number;
}

/** `yaml` writes a `#` before each line of a comment that is not empty. */
function commentOf(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : ` ${line}`)).join('\n');
}

/** A value as a node: a map or list without comments inside that fits on one line is written on one. */
function nodeOf(draft: Draft, at: At): Node {
  if (draft instanceof Noted) return nodeOf(draft.value, at);
  if (typeof draft !== 'object') return new Scalar(draft);
  const node = isList(draft) ? listOf(draft, at) : mapOf(draft, at);
  if (isShort(draft)) node.flow = true;
  return node;
}

function isShort(draft: Draft): boolean {
  return !hasNotes(draft) && JSON.stringify(draft).length <= LINE && depthOf(draft) <= 2;
}

function hasNotes(draft: Draft | undefined): boolean {
  if (draft instanceof Noted) return true;
  return typeof draft === 'object' && Object.values(draft).some((one: Draft | undefined) => hasNotes(one));
}

function depthOf(draft: Draft | undefined): number {
  if (typeof draft !== 'object' || draft instanceof Noted) return 0;
  return 1 + Math.max(0, ...Object.values(draft).map((one: Draft | undefined) => depthOf(one)));
}

/** Comments wait here for the next thing that is written. */
class Pending {
  #lines: string[] = [];

  add(lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  take(): string | null {
    const lines = this.#lines.splice(0);
    return lines.length === 0 ? null : commentOf(lines);
  }
}

function mapOf(draft: DraftMap, at: At): YAMLMap {
  const map = new YAMLMap();
  const pending = new Pending();
  for (const [key, value] of Object.entries(draft)) {
    if (value === undefined) continue;
    if (isOut(value, at)) {
      pending.add([...value.above, ...textOf({ [key]: value.value }), ...(at.depth === 0 ? [''] : [])]);
      continue;
    }
    const name = new Scalar(key);
    if (value instanceof Noted) pending.add(value.above);
    name.commentBefore = pending.take();
    const node = nodeOf(value, { ...at, depth: at.depth + 1 });
    noteBeside(node, value);
    // Name, kind and description stand together.
    name.spaceBefore = at.depth === 0 && !(node instanceof Scalar);
    map.items.push(new Pair(name, node));
  }
  map.comment = pending.take();
  return map;
}

function listOf(draft: readonly Draft[], at: At): YAMLSeq {
  const list = new YAMLSeq();
  const pending = new Pending();
  for (const value of draft) {
    if (isOut(value, at)) {
      pending.add([...value.above, ...textOf([value.value])]);
      continue;
    }
    const node = nodeOf(value, { ...at, depth: at.depth + 1 });
    if (value instanceof Noted) pending.add(value.above);
    node.commentBefore = pending.take();
    noteBeside(node, value);
    list.items.push(node);
  }
  list.comment = pending.take();
  return list;
}

function isOut(value: Draft, { whole }: At): value is Noted {
  return value instanceof Noted && value.out && !whole;
}

/** Behind a value of one line, above one that takes several. */
function noteBeside(node: Node, value: Draft): void {
  if (!(value instanceof Noted) || value.beside === undefined) return;
  const block = (isMap(node) || isSeq(node)) && node.flow !== true;
  if (block) node.commentBefore = ` ${value.beside}`;
  else node.comment = ` ${value.beside}`;
}

/** Lines of YAML that become a comment: comments within stay comments when the first `#` of each line is taken away. */
function textOf(draft: Draft): string[] {
  const document = new Document();
  document.contents = isList(draft)
    ? listOf(draft, { whole: false, depth: 1 })
    : mapOf(draft as DraftMap, { whole: false, depth: 1 });
  return document.toString({ lineWidth: LINE, flowCollectionPadding: true }).trimEnd().split('\n');
}
