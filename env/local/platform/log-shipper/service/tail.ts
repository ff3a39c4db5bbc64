/** Reads an open log file from an offset, line by line. */
import type { FileHandle } from 'node:fs/promises';
import { parseLine, type Line } from './record.ts';

const CHUNK_BYTES = 256 * 1024;
const HEAD_BYTES = 64;
const NEWLINE = 0x0a;
/** After this many bytes without a newline the text is skipped. */
const LONGEST_BYTES = 1024 * 1024;

async function readAt(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
  return buffer.subarray(0, bytesRead);
}

/** A file's beginning, which identifies it: the first line contains the nanosecond at which it was written. Empty without a line. */
export async function headOf(file: FileHandle): Promise<string> {
  const bytes = await readAt(file, 0, HEAD_BYTES);
  const end = bytes.indexOf(NEWLINE);
  if (end < 0 && bytes.length < HEAD_BYTES) return '';
  return bytes.subarray(0, end < 0 ? HEAD_BYTES : end).toString('latin1');
}

export interface Read {
  readonly lines: readonly Line[];
  /** Offset for the next read, once these lines are stored. */
  readonly next: number;
}

/** The parts read so far of a line that the runtime split. */
interface Part {
  readonly offset: number;
  readonly time: string;
  readonly stream: string;
  readonly text: string;
}

/**
 * Reads whole lines from an offset, at most one chunk of the file. Incomplete lines are left for the next call.
 * @throws the error of the file system
 */
export async function readLines(file: FileHandle, offset: number): Promise<Read> {
  const bytes = await readAt(file, offset, CHUNK_BYTES);
  const read = split(bytes, offset);
  if (read.next > offset || bytes.length < CHUNK_BYTES) return read;
  return await longLine(file, offset);
}

/** Reads a line that is longer than a chunk. Beyond LONGEST_BYTES it is skipped, because its end may never come. */
async function longLine(file: FileHandle, offset: number): Promise<Read> {
  const bytes = await readAt(file, offset, LONGEST_BYTES);
  const read = split(bytes, offset);
  if (read.next > offset || bytes.length < LONGEST_BYTES) return read;
  return { lines: [], next: offset + bytes.length };
}

function split(bytes: Buffer, offset: number): Read {
  const lines: Line[] = [];
  /** By stream, because the runtime splits the lines of stdout and stderr separately. */
  const parts = new Map<string, Part>();
  let at = 0;
  let next = offset;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
    const begin = offset + at;
    const parsed = parseLine(bytes.subarray(at, end).toString());
    at = end + 1;
    if (parsed !== undefined) take(parsed, begin);
    // The position advances only when no line is incomplete: its parts are read again together with its end.
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
