/** Removes text from a recorded history that must not leave this machine, and detects secrets, with which a history is not stored. */
import type { StoredFile } from './stored.ts';

/**
 * Lines for people, on which no verdict rests: logs and events, which may contain any text of a pod; how far each pod of a scale-up was when; which pod
 * ships the lines of a node.
 */
const FOR_PEOPLE = /^\{(?:"t":[\d.]+,)?"kind":"(?:evidence|scaled-pod|shipper)"/;
/** Paths in home and work folders, which depend on the machine and the user who stores a history. */
const OWN_PATH = /\/(?:home|root|work|tmp|Users|opt|srv|mnt|builds?)(?:\/[\w.@+-]+)*\/(?<name>[\w.@+-]+)/g;
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]+-----/,
  /\beyJ[\w-]{20,}\.[\w-]{10,}/,
  /\bBearer\s+[\w.~+/-]{12,}/i,
  /"(?:password|passwd|token|secret|apiKey|api_key|authorization)":"[^"]{4,}"/i,
  /:\/\/[^\s/:@"]+:[^\s/:@"]+@/,
];
const SHOWN_CHARACTERS = 60;

/** The lines to store, with paths of this machine reduced to their last part. */
export function cleaned({ trial, name, text }: StoredFile): StoredFile {
  const lines = text.split('\n').filter((line) => line !== '' && !FOR_PEOPLE.test(line));
  const kept = lines.map((line) => `${line.replaceAll(OWN_PATH, (_, last: string) => last)}\n`);
  return { trial, name, text: kept.join('') };
}

/** The first text that looks like a secret, with its place; null if there is none. */
export function secretIn({ trial, name, text }: StoredFile): string | null {
  for (const [index, line] of text.split('\n').entries()) {
    const found = SECRETS.map((pattern) => pattern.exec(line)).find((match) => match !== null);
    if (found)
      return `${trial}/${name}:${index + 1}: ${line.slice(found.index, found.index + SHOWN_CHARACTERS / 4)}…`;
  }
  return null;
}
