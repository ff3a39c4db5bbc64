import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { DRILLS_KEPT_MS } from '../../reports/record/settings.ts';
import type { DrillsMirror } from './drilled-mirror.ts';

/** A drill whose process died counts as this long: its timers have undone it by then. */
const LASTS_MS = 15 * 60_000;
/** Most of all lists in the cluster: a ConfigMap holds 1 MiB, of which the mirror of the rollback journal may take 900 KiB. */
const MIRRORED_BYTES = 64 * 1024;
const ENDING = '.ndjson';

/** One drill: whose pods it hit, as `namespace/name`, and when, ISO 8601. */
export interface Drilled {
  pods: string[];
  from: string;
  to: string;
  /** By pod, restarts of its containers when it began; without those of which nothing was known. */
  restarts?: Record<string, number>;
}

/** Restarts of the containers of a pod, added up, by `namespace/name`. */
export type Restarts = ReadonlyMap<string, number>;

const hitSchema = z.object({
  check: z.string(),
  pods: z.array(z.string()),
  from: z.string(),
  restarts: z.record(z.string(), z.number()).optional(),
});
const lineSchema = z.union([hitSchema, z.object({ check: z.string(), to: z.string() })]);
type Hit = z.infer<typeof hitSchema>;
type Line = z.infer<typeof lineSchema>;

/**
 * Remembers across runs which pods were hit on purpose and when, so that a restart caused by a drill is not taken for a fault of the
 * platform. Each run has a list of its own, which no other writes: a file beside the journal, and a copy in the cluster for runs on other
 * machines. Where both are there the file counts, since the copy may be shorter.
 */
export class Drills {
  readonly #id = randomUUID();
  readonly #folder: string;
  readonly #complain: (message: string) => void;
  /** Lines that could not be written: they count in this process, and are written before the next line. */
  #unwritten: Line[] = [];
  #said = '';
  #saidOfMirror: string | null = null;
  readonly #mirror: DrillsMirror | null;
  /** The lists in the cluster, by run; null: not read yet. */
  #elsewhere: Readonly<Record<string, string>> | null = null;
  /** Why they could not be read. */
  #unread: string | null = null;
  /** Lines of this process. */
  readonly #own: Line[] = [];
  #mirroring: Promise<string | null> = Promise.resolve(null);

  /**
   * @param complain called once when the file cannot be written or read: the drill continues, and a person has to know
   * @param mirror the lists in the cluster; null for an embedded environment, which is on this machine
   */
  constructor(folder: string, complain: (message: string) => void, mirror: DrillsMirror | null = null) {
    this.#folder = join(folder, 'drilled');
    this.#complain = complain;
    this.#mirror = mirror;
  }

  /** Learns of drills from other machines, where this account may read their lists. To be called before `ofLate`. Never throws. */
  async learn(): Promise<void> {
    if (this.#mirror === null || this.#elsewhere !== null) return;
    const read = await this.#mirror.read();
    this.#unread = 'why' in read ? read.why : null;
    if ('lists' in read) this.#elsewhere = read.lists;
  }

  /**
   * Waits until the cluster has what this process has added; tries once more where it has not, and complains, once, of what it lacks. Never
   * throws.
   */
  async mirrored(): Promise<void> {
    if (this.#mirror === null || this.#own.length === 0) return;
    await this.#mirroring;
    const why = await this.#writeMirror(this.#mirror);
    if (why !== null && why !== this.#saidOfMirror)
      this.#complain(
        `the list of pods that drills hit cannot be kept in the cluster: ${why}; a run on another machine blames the platform for what drills did to those pods`,
      );
    this.#saidOfMirror = why;
  }

  /** @param before its start, and restarts of any pods until then */
  begin(check: string, pods: readonly string[], before: { from: Date; restarts: Restarts }): void {
    const known = pods.flatMap((pod) => {
      const count = before.restarts.get(pod);
      return count === undefined ? [] : [[pod, count] as const];
    });
    this.#append({
      check,
      pods: [...pods],
      from: before.from.toISOString(),
      restarts: Object.fromEntries(known),
    });
  }

  /** Ends the check's drill, if it began one. */
  end(check: string, at: Date): void {
    const open = this.#own.findLast((line) => line.check === check);
    if (open !== undefined && 'from' in open) this.#append({ check, to: at.toISOString() });
  }

  /** What a check that judges restarts is told. */
  told(now: Date): { drilled: Drilled[]; drillsUnknown?: string } {
    return { drilled: this.ofLate(now), ...(this.#unread !== null && { drillsUnknown: this.#unread }) };
  }

  /** Drills of the last 7 days, the oldest first. */
  ofLate(now: Date): Drilled[] {
    const lines = linesIn(this.#lists()).toSorted((a, b) => momentOf(a.line) - momentOf(b.line));
    return lines.flatMap(({ id, line }, i): Drilled[] => {
      if (!('from' in line) || now.getTime() - Date.parse(line.from) > DRILLS_KEPT_MS) return [];
      const end = lines.slice(i + 1).find((later) => later.line.check === line.check);
      const latest = new Date(Math.min(now.getTime(), Date.parse(line.from) + LASTS_MS)).toISOString();
      // Another that follows ended it, or began long after its process had died.
      const isOwn = end?.id === id && 'to' in end.line;
      const to =
        end === undefined ? latest : isOwn ? momentText(end.line) : earlier(momentText(end.line), latest);
      const { pods, from, restarts } = line;
      return [{ pods, from, to, ...(restarts !== undefined && { restarts }) }];
    });
  }

  /** Never throws: a fault's result and its undo must not be lost because a line about it cannot be written. */
  #append(line: Line): void {
    this.#unwritten.push(line);
    this.#own.push(line);
    const mirror = this.#mirror;
    if (mirror !== null)
      this.#mirroring = this.#mirroring.then(() => this.#writeMirror(mirror)).catch(errorText);
    try {
      if (!existsSync(this.#file())) this.#beginFolder();
      const text = this.#unwritten.map((one) => `${JSON.stringify(one)}\n`).join('');
      // A disk that was full may have taken half a line; a line feed in front keeps it from swallowing this one.
      appendFileSync(this.#file(), `\n${text}`, { mode: 0o600 });
      this.#unwritten = [];
      this.#said = '';
    } catch (error) {
      this.#say(error);
    }
  }

  /** Without lists that explain nothing any more. */
  #beginFolder(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(this.#folder).map((name) => join(this.#folder, name)))
      if (Date.now() - statSync(file).mtimeMs > DRILLS_KEPT_MS) rmSync(file);
  }

  /** By run, each in the order in which it was written. */
  #lists(): Map<string, Line[]> {
    const lists = new Map(Object.entries(this.#elsewhere ?? {}).map(([id, text]) => [id, linesOf(text)]));
    try {
      const names = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
      for (const name of names.filter((one) => one.endsWith(ENDING)))
        lists.set(name.slice(0, -ENDING.length), linesOf(readFileSync(join(this.#folder, name), 'utf8')));
    } catch (error) {
      this.#say(error);
    }
    if (this.#own.length > 0) lists.set(this.#id, this.#own);
    return lists;
  }

  /**
   * The files may know of drills that never came there.
   * @returns why it was not written; null: it was
   */
  async #writeMirror(mirror: DrillsMirror): Promise<string | null> {
    await this.learn();
    const before = this.#elsewhere;
    if (before === null) return this.#unread ?? 'it cannot be read there';
    const { lists, without } = fitting(this.#lists());
    const gone = Object.keys(before).filter((id) => !(id in lists));
    const changed = Object.entries(lists).filter(([id, text]) => text !== before[id]);
    if (changed.length + gone.length > 0) {
      const why = await mirror.write({
        ...Object.fromEntries(changed),
        ...Object.fromEntries(gone.map((id) => [id, null])),
      });
      if (why !== null) return why;
      this.#elsewhere = lists;
    }
    const left = without.find((line) => this.#own.includes(line));
    return left === undefined
      ? null
      : `the ${left.pods.length} pods of ${left.check} do not fit into its ${MIRRORED_BYTES / 1024} KiB`;
  }

  #say(error: unknown): void {
    const why = errorText(error);
    if (why === this.#said) return;
    this.#said = why;
    this.#complain(
      `the list of pods that drills hit cannot be kept in ${this.#file()}: ${why}; fix that, or a later run blames the platform for what drills did to those pods`,
    );
  }

  #file(): string {
    return join(this.#folder, `${this.#id}${ENDING}`);
  }
}

/** A line that was cut is left out. */
function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((one) => lineSchema.safeParse(parseJson(one)).data ?? []);
}

function linesIn(lists: ReadonlyMap<string, readonly Line[]>): { id: string; line: Line }[] {
  return [...lists].flatMap(([id, lines]) => lines.map((line) => ({ id, line })));
}

const momentText = (line: Line): string => ('from' in line ? line.from : line.to);
const momentOf = (line: Line): number => Date.parse(momentText(line)) || 0;

/**
 * The lists as far as there is room for them in the cluster, the newest lines first. What is too long leaves out its restarts.
 * @returns also what is left out of those that still explain something
 */
function fitting(all: ReadonlyMap<string, readonly Line[]>): {
  lists: Record<string, string>;
  without: Hit[];
} {
  const since = Date.now() - DRILLS_KEPT_MS;
  const newest = linesIn(all)
    .filter(({ line }) => momentOf(line) > since)
    .toReversed()
    .toSorted((a, b) => momentOf(b.line) - momentOf(a.line));
  const lists: Record<string, string> = {};
  const without: Hit[] = [];
  let room = MIRRORED_BYTES;
  for (const { id, line } of newest) {
    const forms = 'from' in line ? [line, { ...line, restarts: undefined }] : [line];
    const text = forms.map((one) => `${JSON.stringify(one)}\n`).find((one) => Buffer.byteLength(one) <= room);
    if (text !== undefined) {
      lists[id] = `${text}${lists[id] ?? ''}`;
      room -= Buffer.byteLength(text);
    } else if ('from' in line) without.push(line);
  }
  return { lists, without };
}

const earlier = (one: string, other: string): string => (Date.parse(one) < Date.parse(other) ? one : other);
