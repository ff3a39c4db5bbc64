import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText } from '../../reports/record/error-text.ts';

/** A fault longer ago than this explains no restart any more. */
const KEPT_MS = 7 * 86_400_000;
/** A drill whose process died counts as this long: its timers have undone it by then. */
const LASTS_MS = 15 * 60_000;

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

const lineSchema = z.union([
  z.object({
    check: z.string(),
    pods: z.array(z.string()),
    from: z.string(),
    restarts: z.record(z.string(), z.number()).optional(),
  }),
  z.object({ check: z.string(), to: z.string() }),
]);
type Line = z.infer<typeof lineSchema>;

/**
 * Remembers across runs which pods were hit on purpose and when, so that a restart caused by a drill is not taken for a fault of the
 * platform. The file is beside the journal and covers this machine only: drills from other machines are unknown.
 */
export class Drills {
  readonly #folder: string;
  readonly #complain: (message: string) => void;
  /** Lines that could not be written: they count in this process, and are written before the next line. */
  #unwritten: Line[] = [];
  #said = '';

  /** @param complain called once when the file cannot be written or read: the drill continues, and a person has to know */
  constructor(folder: string, complain: (message: string) => void) {
    this.#folder = folder;
    this.#complain = complain;
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
    const open = this.#lines().findLast((line) => line.check === check);
    if (open !== undefined && 'from' in open) this.#append({ check, to: at.toISOString() });
  }

  /** Drills of the last 7 days, the oldest first. */
  ofLate(now: Date): Drilled[] {
    const lines = this.#lines();
    return lines.flatMap((line, i): Drilled[] => {
      if (!('from' in line) || now.getTime() - Date.parse(line.from) > KEPT_MS) return [];
      const end = lines.slice(i + 1).find((later) => later.check === line.check);
      const latest = new Date(Math.min(now.getTime(), Date.parse(line.from) + LASTS_MS)).toISOString();
      const to = end === undefined ? latest : 'to' in end ? end.to : end.from;
      const { pods, from, restarts } = line;
      return [{ pods, from, to, ...(restarts !== undefined && { restarts }) }];
    });
  }

  /** Never throws: a fault's result and its undo must not be lost because a line about it cannot be written. */
  #append(line: Line): void {
    this.#unwritten.push(line);
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

  /** A line that was cut by a crash is left out. */
  #lines(): Line[] {
    let text = '';
    try {
      text = read(this.#file());
    } catch (error) {
      this.#say(error);
    }
    const written = text.split('\n').flatMap((one) => lineSchema.safeParse(parse(one)).data ?? []);
    return [...written, ...this.#unwritten];
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

/** Empty where nothing was hit yet. @throws Error of the file system */
function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
