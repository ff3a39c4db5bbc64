/** Why a request got no response, with k6's error code (k6's documentation, "Error codes"). */
export class RequestError extends Error {
  readonly errorCode: number;

  constructor(errorCode: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RequestError';
    this.errorCode = errorCode;
  }
}

export const ERROR_CODES = {
  other: 1000,
  /** A TLS alert from the server; Go does not count it as a TCP error. */
  alert: 1010,
  invalidUrl: 1020,
  timeout: 1050,
  dns: 1100,
  noSuchHost: 1101,
  brokenPipe: 1201,
  dial: 1210,
  dialTimeout: 1211,
  refused: 1212,
  dialErrno: 1213,
  reset: 1220,
  /** The server does not speak TLS. */
  notTls: 1301,
  unknownAuthority: 1310,
  hostname: 1311,
  decompression: 1701,
} as const;

const BY_CODE: Readonly<Record<string, readonly [number, string]>> = {
  ECONNREFUSED: [ERROR_CODES.refused, 'dial: connection refused'],
  ECONNRESET: [ERROR_CODES.reset, 'read: connection reset by peer'],
  EPIPE: [ERROR_CODES.brokenPipe, 'write: broken pipe'],
  ETIMEDOUT: [ERROR_CODES.dialTimeout, 'dial: i/o timeout'],
  EHOSTUNREACH: [ERROR_CODES.dialErrno, 'dial: no route to host'],
  ENETUNREACH: [ERROR_CODES.dialErrno, 'dial: network is unreachable'],
  EADDRNOTAVAIL: [ERROR_CODES.dialErrno, 'dial: cannot assign requested address'],
  ERR_SOCKET_BAD_PORT: [ERROR_CODES.dial, 'dial: invalid port'],
  ENOTFOUND: [ERROR_CODES.noSuchHost, 'lookup: no such host'],
  ENODATA: [ERROR_CODES.noSuchHost, 'lookup: no such host'],
  EAI_AGAIN: [ERROR_CODES.dns, 'lookup: temporary failure in name resolution'],
  ERR_TLS_CERT_ALTNAME_INVALID: [ERROR_CODES.hostname, 'x509: certificate is not valid for this host name'],
  ERR_SSL_WRONG_VERSION_NUMBER: [ERROR_CODES.notTls, 'tls: the answer is not TLS'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: [ERROR_CODES.notTls, 'tls: the answer is not TLS'],
};
const AUTHORITY = /SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|INVALID_CA|CERT_SIGNATURE|CERT_CHAIN/;

/** Converts an error of a socket to k6's error code and text. */
export function requestError(error: Error & { code?: string }): RequestError {
  if (error instanceof RequestError) return error;
  const { code = '', message } = error;
  const known = BY_CODE[code];
  if (known !== undefined) return new RequestError(known[0], known[1], error);
  if (AUTHORITY.test(code)) return new RequestError(ERROR_CODES.unknownAuthority, `x509: ${message}`, error);
  if (/^ERR_SSL_.*ALERT/.test(code))
    return new RequestError(ERROR_CODES.alert, `remote error: tls: ${message}`, error);
  // k6 has no specific code for an expired certificate and other TLS errors.
  const text = message === '' ? code : message;
  return new RequestError(ERROR_CODES.other, /^CERT_/.test(code) ? `x509: ${text}` : text, error);
}
