/** Converts a line of a container's log file to the record in the log store. Format of the lines: Kubernetes CRI logging, v1. */
import { createHash } from 'node:crypto';

/** The container of a log file, from its path `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log`, rotated or not. */
export interface Source {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
}

export interface LogRecord {
  readonly id: string;
  /** `logs-2026.11.24`, by the day of the line, UTC. */
  readonly index: string;
  readonly document: Readonly<Record<string, unknown>>;
}

/** A whole line of a container: the parts into which the runtime split it are joined. */
export interface Line {
  /** RFC 3339 with nanoseconds, as the runtime wrote it. */
  readonly time: string;
  readonly stream: string;
  readonly text: string;
  /** Offset of its beginning in the file. */
  readonly offset: number;
}

const PATH =
  /^(?<namespace>[^_/]+)_(?<pod>[^_/]+)_(?<uid>[^_/]+)\/(?<container>[^/]+)\/\d+\.log(?:\.\d{8}-\d{6})?$/;
const LINE =
  /^(?<time>\d{4}-\d\d-\d\dT\S+) (?<stream>stdout|stderr) (?<flag>[FP])(?::\S*)? (?<text>[\s\S]*)$/;
/** Longer text is truncated; no service here writes such long lines. */
const LONGEST = 32_768;

/** The source of a path below the folder of all pods' logs; undefined if it is not a log, or compressed: then it has been read before. */
export function sourceOf(path: string): Source | undefined {
  const groups = PATH.exec(path)?.groups;
  return groups as unknown as Source | undefined;
}

/** Parses one line of the file; undefined if it does not have the runtime's format. */
export function parseLine(raw: string): (Omit<Line, 'offset'> & { whole: boolean }) | undefined {
  const groups = LINE.exec(raw)?.groups;
  if (groups === undefined) return undefined;
  const { time = '', stream = '', flag, text = '' } = groups;
  return { time, stream, text, whole: flag === 'F' };
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function objectIn(line: string): Record<string, unknown> {
  if (!line.startsWith('{')) return {};
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The fields of a line that is a JSON object; for any other line only the message. */
function fieldsOf(line: string, container: string): Record<string, unknown> {
  const object = objectIn(line);
  const { n } = object;
  return {
    message: (text(object.msg) ?? text(object.message) ?? line).slice(0, LONGEST),
    service: text(object.service) ?? container,
    level: text(object.level),
    trace_id: text(object.trace_id),
    span_id: text(object.span_id),
    mark: text(object.mark),
    ...(Number.isSafeInteger(n) && { n }),
  };
}

/** The record of a line. Its id depends only on the line, so that a line which is sent twice is stored once. */
export function recordOf(line: Line, source: Source, node: string): LogRecord {
  const { namespace, pod, uid, container } = source;
  const identity = [node, uid, container, line.time, String(line.offset)].join('/');
  return {
    id: createHash('sha256').update(identity).digest('base64url').slice(0, 27),
    index: `logs-${line.time.slice(0, 10).replaceAll('-', '.')}`,
    document: {
      '@timestamp': line.time,
      stream: line.stream,
      ...fieldsOf(line.text, container),
      kubernetes: { node, namespace, pod, container },
    },
  };
}

/** The record without fields that an index may refuse. It is sent when the store has refused the full record. */
export function plainly({ id, index, document }: LogRecord): LogRecord {
  const { '@timestamp': time, kubernetes, message, service } = document;
  return { id, index, document: { '@timestamp': time, kubernetes, message: String(message), service } };
}
