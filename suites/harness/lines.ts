import type { Readable } from 'node:stream';

/**
 * Calls `onLine` for every line of a UTF-8 stream; a last line without a newline is dropped. Linear in the length of a line:
 * ten thousand pods arrive as one line of tens of megabytes, in chunks of 64 KiB.
 */
export function onLines(stream: Readable, onLine: (line: string) => void): void {
  let pieces: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      const line = pieces.join('') + chunk.slice(start, end);
      pieces = [];
      start = end + 1;
      if (line !== '') onLine(line);
    }
    if (start < chunk.length) pieces.push(chunk.slice(start));
  });
}
