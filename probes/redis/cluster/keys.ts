import { canaryKey } from '../session.ts';

/** The list of a run in one shard. */
export function clusterKey(run: string, tag: string): string {
  return `${canaryKey(run)}:{${tag}}`;
}

const BEGIN = 'begin';

/** The first element of every list: not a number, so that nobody takes it for a write. It names the lists that belong together. */
export function beginning(tags: readonly string[]): string {
  return `${BEGIN} ${tags.join(' ')}`;
}

/** The tags that a first element names; null: it is none. */
export function tagsIn(element: string | undefined): string[] | null {
  const [begin, ...tags] = (element ?? '').split(' ');
  return begin === BEGIN && tags.length > 0 ? tags : null;
}
