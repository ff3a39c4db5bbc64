/** Reads one open log file on, line by line. */
import type { FileHandle } from 'node:fs/promises';
import { parseLine, type Line } from './record.ts';

const CHUNK_BYTES = 256 * 1024;
const HEAD_BYTES = 64;
const NEWLINE = 0x0a;
/** A line without an end after so many bytes is no line. */
const LONGEST_BYTES = 1024 * 1024;

async function readAt(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
  return buffer.subarray(0, bytesRead);
}

/** A file's beginning, by which it is known again later: its first line holds the nanosecond in which it was written. Empty before that. */
export async function headOf(file: FileHandle): Promise<string> {
  const bytes = await readAt(file, 0, HEAD_BYTES);
  const end = bytes.indexOf(NEWLINE);
  if (end < 0 && bytes.length < HEAD_BYTES) return '';
  return bytes.subarray(0, end < 0 ? HEAD_BYTES : end).toString('latin1');
}

export interface Read {
  readonly lines: readonly Line[];
  /** Where the next reading begins once these lines are stored. */
  readonly next: number;
}

/** A line that the runtime split, as far as it has been seen. */
interface Part {
  readonly offset: number;
  readonly time: string;
  readonly stream: string;
  readonly text: string;
}

/**
 * Whole lines from an offset on, at most a chunk of the file. Lines that are not whole yet are left for the next time.
 * @throws the error of the file system
 */
export async function readLines(file: FileHandle, offset: number): Promise<Read> {
  const bytes = await readAt(file, offset, CHUNK_BYTES);
  const read = split(bytes, offset);
  if (read.next > offset || bytes.length < CHUNK_BYTES) return read;
  return await longLine(file, offset);
}

/** A line of more than a chunk, or what is left of it: it cannot be kept waiting for its end for ever. */
async function longLine(file: FileHandle, offset: number): Promise<Read> {
  const bytes = await readAt(file, offset, LONGEST_BYTES);
  const read = split(bytes, offset);
  if (read.next > offset || bytes.length < LONGEST_BYTES) return read;
  return { lines: [], next: offset + bytes.length };
}

function split(bytes: Buffer, offset: number): Read {
  const lines: Line[] = [];
  /** One a stream: the runtime splits each by itself. */
  const parts = new Map<string, Part>();
  let at = 0;
  let next = offset;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
    const begin = offset + at;
    const parsed = parseLine(bytes.subarray(at, end).toString());
    at = end + 1;
    if (parsed !== undefined) take(parsed, begin);
    // Only behind a whole line: parts are read again together with their end.
    if (parts.size === 0) next = offset + at;
  }
  return { lines: lines.filter((line) => line.offset < next), next };

  function take(
    { time, stream, text, whole }: NonNullable<ReturnType<typeof parseLine>>,
    begin: number,
  ): void {
    const before = parts.get(stream);
    const line = {
      offset: before?.offset ?? begin,
      time: before?.time ?? time,
      stream,
      text: `${before?.text ?? ''}${text}`,
    };
    if (!whole) {
      parts.set(stream, line);
      return;
    }
    parts.delete(stream);
    lines.push(line);
  }
}
