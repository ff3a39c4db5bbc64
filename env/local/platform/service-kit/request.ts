/** What services read of a request. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** @returns undefined for a body of more bytes than `mostBytes` */
export async function readBody(
  request: AsyncIterable<Buffer>,
  mostBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads a body that is an object of JSON. @returns undefined for any other, and for one of more bytes than `mostBytes` */
export async function readJson(
  request: AsyncIterable<Buffer>,
  mostBytes: number,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const body = await readBody(request, mostBytes);
  try {
    const parsed: unknown = JSON.parse(String(body));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a request has this bearer token. */
export function hasToken({ headers: { authorization = '' } }: IncomingMessage, token: string): boolean {
  const [given, wanted] = [Buffer.from(authorization), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
