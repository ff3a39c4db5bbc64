/** What of a recorded history is for nobody's eyes but this machine's: taken out before it is kept, or a reason not to keep it. */
import type { StoredFile } from './stored.ts';

/** For people, and no verdict rests on it: logs and events, which hold whatever a pod cared to say. */
const FOR_PEOPLE = /^\{(?:"t":[\d.]+,)?"kind":"evidence"/;
/** Folders of people and of work: whoever keeps a history sits in one of them. */
const OWN_PATH = /\/(?:home|root|work|tmp|Users|opt|srv|mnt|builds?)(?:\/[\w.@+-]+)*\/(?<name>[\w.@+-]+)/g;
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]+-----/,
  /\beyJ[\w-]{20,}\.[\w-]{10,}/,
  /\bBearer\s+[\w.~+/-]{12,}/i,
  /"(?:password|passwd|token|secret|apiKey|api_key|authorization)":"[^"]{4,}"/i,
  /:\/\/[^\s/:@"]+:[^\s/:@"]+@/,
];
const SHOWN_CHARACTERS = 60;

/** The lines that are kept, with paths of this machine cut to their last part. */
export function cleaned({ trial, name, text }: StoredFile): StoredFile {
  const lines = text.split('\n').filter((line) => line !== '' && !FOR_PEOPLE.test(line));
  const kept = lines.map((line) => `${line.replaceAll(OWN_PATH, (_, last: string) => last)}\n`);
  return { trial, name, text: kept.join('') };
}

/** The first thing that looks like a secret, with where it stands; null: there is none. */
export function secretIn({ trial, name, text }: StoredFile): string | null {
  for (const [index, line] of text.split('\n').entries()) {
    const found = SECRETS.map((pattern) => pattern.exec(line)).find((match) => match !== null);
    if (found)
      return `${trial}/${name}:${index + 1}: ${line.slice(found.index, found.index + SHOWN_CHARACTERS / 4)}…`;
  }
  return null;
}
