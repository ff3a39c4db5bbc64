import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { DRILLS_KEPT_MS } from '../../reports/record/settings.ts';
import type { DrillsMirror } from './drilled-mirror.ts';

/** A drill whose process died counts as this long: its timers have undone it by then. */
const LASTS_MS = 15 * 60_000;
/** Most of the list in the cluster: a ConfigMap holds 1 MiB, of which the mirror of the rollback journal may take 900 KiB. */
const MIRRORED_LINES = 200;
const MIRRORED_BYTES = 64 * 1024;

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

interface Hit {
  check: string;
  pods: string[];
  from: string;
  restarts?: Record<string, number> | undefined;
}
type Line = Hit | { check: string; to: string };

/** Further keys, of another version, are kept. */
const lineSchema: z.ZodType<Line> = z.union([
  z.looseObject({
    check: z.string(),
    pods: z.array(z.string()),
    from: z.string(),
    restarts: z.record(z.string(), z.number()).optional(),
  }),
  // One with keys of a hit is of another form.
  z.looseObject({
    check: z.string(),
    to: z.string(),
    pods: z.never().optional(),
    from: z.never().optional(),
  }),
]);

/** A line of another form, as another version may write, that is carried as it is; it is as old as its neighbour. */
interface Carried {
  raw: string;
  atMs: number;
}

/**
 * Remembers across runs which pods were hit on purpose and when, so that a restart caused by a drill is not taken for a fault of the
 * platform. The file is beside the journal, on this machine; a copy of what was hit of late is in the cluster, for runs on other machines.
 */
export class Drills {
  readonly #folder: string;
  readonly #complain: (message: string) => void;
  /** Lines that could not be written: they count in this process, and are written before the next line. */
  #unwritten: Line[] = [];
  #said = '';
  #saidOfMirror: string | null = null;
  readonly #mirror: DrillsMirror | null;
  /** Lines in the cluster when it was read; null: not read yet. */
  #elsewhere: readonly (Line | Carried)[] | null = null;
  /** Why the list in the cluster could not be read. */
  #unread: string | null = null;
  /** Lines of this process. */
  readonly #own: Line[] = [];
  #mirrored = '';
  #mirroring: Promise<string | null> = Promise.resolve(null);

  /**
   * @param complain called once when the file cannot be written or read: the drill continues, and a person has to know
   * @param mirror the list in the cluster; null for an embedded environment, which is on this machine
   */
  constructor(folder: string, complain: (message: string) => void, mirror: DrillsMirror | null = null) {
    this.#folder = folder;
    this.#complain = complain;
    this.#mirror = mirror;
  }

  /** Learns of drills from other machines, where this account may read the list. To be called before `ofLate`. Never throws. */
  async learn(): Promise<void> {
    if (this.#mirror === null || this.#elsewhere !== null) return;
    const read = await this.#mirror.read();
    this.#unread = 'why' in read ? read.why : null;
    if ('why' in read) return;
    this.#elsewhere = allOf(read.text);
    this.#mirrored = read.text;
  }

  /**
   * Waits until the list in the cluster has what this process has added; tries once more where it has not, and complains, once, of what it lacks.
   * Never throws.
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
    const lines = this.#lines();
    return lines.flatMap((line, i): Drilled[] => {
      if (!('from' in line) || now.getTime() - Date.parse(line.from) > DRILLS_KEPT_MS) return [];
      const end = lines.slice(i + 1).find((later) => later.check === line.check);
      const latest = new Date(Math.min(now.getTime(), Date.parse(line.from) + LASTS_MS)).toISOString();
      // Another that follows ended it, or began long after its process had died.
      const to = end === undefined ? latest : 'to' in end ? end.to : earlier(end.from, latest);
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
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const text = this.#unwritten.map((one) => `${JSON.stringify(one)}\n`).join('');
      // A disk that was full may have taken half a line; a line feed in front keeps it from swallowing this one.
      const halfWritten = !['', '\n'].includes(read(this.#file()).slice(-1));
      appendFileSync(this.#file(), halfWritten ? `\n${text}` : text, { mode: 0o600 });
      this.#unwritten = [];
      this.#said = '';
    } catch (error) {
      this.#say(error);
    }
  }

  #lines(): Line[] {
    const here = [...this.#inFile(), ...this.#unwritten];
    if (this.#elsewhere === null) return here;
    return inOrder([...here, ...this.#elsewhere]).filter((line): line is Line => !('raw' in line));
  }

  /** A line that was cut by a crash is left out. */
  #inFile(): Line[] {
    try {
      return linesOf(read(this.#file()));
    } catch (error) {
      this.#say(error);
      return [];
    }
  }

  /**
   * What is there is kept: it is read before it is written for the first time. The file may know of drills that never came there.
   * @returns why it was not written; null: it was
   */
  async #writeMirror(mirror: DrillsMirror): Promise<string | null> {
    await this.learn();
    if (this.#elsewhere === null) return this.#unread ?? 'it cannot be read there';
    const all = inOrder([...this.#own, ...this.#inFile(), ...this.#elsewhere]);
    const { text, without } = ofLateAlone(all);
    if (text !== this.#mirrored) {
      const why = await mirror.write(text);
      if (why !== null) return why;
      this.#mirrored = text;
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
    return join(this.#folder, 'drilled.ndjson');
  }
}

/** A line that was cut, or that another version wrote in another form, is left out. */
function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((one) => lineSchema.safeParse(parseJson(one)).data ?? []);
}

/** The list in the cluster, with lines of another form: others may read them. */
function allOf(text: string): (Line | Carried)[] {
  const found = text
    .split('\n')
    .filter((raw) => raw.trim() !== '')
    .map((raw) => ({ raw, line: lineSchema.safeParse(parseJson(raw)).data }));
  const first = found.find(({ line }) => line !== undefined)?.line;
  // Where no line says when, it is kept for the present, and goes before what drills add now.
  let atMs = first === undefined ? Date.now() - DRILLS_KEPT_MS / 2 : momentOf(first);
  return found.map(({ raw, line }) => {
    if (line === undefined) return { raw, atMs };
    atMs = momentOf(line) || atMs;
    return line;
  });
}

/** Each once, the oldest first. The list in the cluster may hold less of a line than the file on its machine: the whole one counts. */
function inOrder(lines: readonly (Line | Carried)[]): (Line | Carried)[] {
  const distinct = new Map<string, Line | Carried>();
  const whole = new Set<string>();
  for (const line of lines) {
    const isHit = 'from' in line;
    const key = keyOf(line);
    const other = distinct.get(key);
    if (other === undefined || said(line) > said(other)) distinct.set(key, line);
    if (isHit && line.pods.length > 0) whole.add(momentText(line));
  }
  return [...distinct.values()]
    .filter((line) => !('from' in line && line.pods.length === 0 && whole.has(momentText(line))))
    .toSorted((a, b) => momentOf(a) - momentOf(b));
}

function keyOf(line: Line | Carried): string {
  if ('raw' in line) return line.raw;
  return JSON.stringify('from' in line ? [line.check, line.from, line.pods] : [line.check, line.to]);
}

const momentText = ({ check, from }: Hit): string => JSON.stringify([check, from]);
const said = (line: Line | Carried): number => JSON.stringify(line).length;

function momentOf(line: Line | Carried): number {
  if ('raw' in line) return line.atMs;
  return Date.parse('from' in line ? line.from : line.to) || 0;
}

/**
 * The newest lines of those that still explain something, as many as there is room for. One that is too long is there without its restarts, or
 * without its pods as well: its moment says when the one before it had ended.
 * @returns also those that are there without their pods
 */
function ofLateAlone(lines: readonly (Line | Carried)[]): { text: string; without: Hit[] } {
  const since = Date.now() - DRILLS_KEPT_MS;
  const kept: string[] = [];
  const without: Hit[] = [];
  let room = MIRRORED_BYTES;
  for (const line of lines.filter((one) => momentOf(one) > since).toReversed()) {
    const forms = shorterOf(line);
    const text = forms.find((one) => Buffer.byteLength(one) <= room);
    if ('raw' in line && text === undefined) continue; // nobody here could shorten it
    if (kept.length === MIRRORED_LINES || text === undefined) break;
    if ('pods' in line && line.pods.length > 0 && text === forms.at(-1)) without.push(line);
    kept.push(text);
    room -= Buffer.byteLength(text);
  }
  return { text: kept.toReversed().join(''), without };
}

/** As it is, and with less and less of it. */
function shorterOf(line: Line | Carried): string[] {
  if ('raw' in line) return [`${line.raw}\n`];
  const { check } = line;
  const forms =
    'from' in line
      ? [line, { check, pods: line.pods, from: line.from }, { check, pods: [], from: line.from }]
      : [line];
  return forms.map((one) => `${JSON.stringify(one)}\n`);
}

const earlier = (one: string, other: string): string => (Date.parse(one) < Date.parse(other) ? one : other);

/** Empty where nothing was hit yet. @throws Error of the file system */
function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
