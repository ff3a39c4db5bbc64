import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { ERROR_CODES, RequestError } from '../../http/errors.ts';

/** Those that k6 knows; gzip and zlib begin with a header, so that nothing at all is not theirs. */
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(notEmpty(bytes)),
  deflate: (bytes) => inflateSync(notEmpty(bytes)),
  br: (bytes) => brotliDecompressSync(bytes),
  zstd: (bytes) => (bytes.length === 0 ? bytes : zstdDecompressSync(bytes)),
};

/**
 * Takes off several codings, which were applied in the order of their names; what is not known is left as it is.
 * @throws RequestError for a body that is not what they say
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
      // One that only ends too early is any error to k6.
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
