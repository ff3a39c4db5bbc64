import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { ERROR_CODES, RequestError } from './errors.ts';

/** A few hundred bytes can unpack to gigabytes: an answer that is larger is refused, as one that is damaged is. */
const LIMIT = { maxOutputLength: 64 * 1024 * 1024 };

/** The codings that k6 knows. gzip and zlib begin with a header, so an empty body is an error for them. */
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(notEmpty(bytes), LIMIT),
  deflate: (bytes) => inflateSync(notEmpty(bytes), LIMIT),
  br: (bytes) => brotliDecompressSync(bytes, LIMIT),
  zstd: (bytes) => (bytes.length === 0 ? bytes : zstdDecompressSync(bytes, LIMIT)),
};

/**
 * Undoes the codings, which were applied in the listed order. An unknown coding is skipped.
 * @throws RequestError when the body does not match a coding
 */
export function decoded(body: Buffer, encoding: string): Buffer {
  let bytes = body;
  for (const name of encoding.split(',').reverse()) {
    const decode = DECODERS[name.trim()];
    if (decode === undefined) continue;
    try {
      bytes = decode(bytes);
    } catch (error) {
      const why = (error as Error).message;
      // k6 has no specific code for a body that ends too early.
      if (why === 'unexpected end of file')
        throw new RequestError(ERROR_CODES.other, 'unexpected EOF', error);
      throw new RequestError(ERROR_CODES.decompression, `error decompressing response body (${why})`, error);
    }
  }
  return bytes;
}

function notEmpty(bytes: Buffer): Buffer {
  if (bytes.length === 0) throw new Error('EOF');
  return bytes;
}
