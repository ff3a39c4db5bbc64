/** Why a request got no answer, with k6's number for it (documentation of k6, "Error codes"). */
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
  invalidUrl: 1020,
  timeout: 1050,
  dns: 1100,
  noSuchHost: 1101,
  brokenPipe: 1201,
  dial: 1210,
  dialTimeout: 1211,
  refused: 1212,
  reset: 1220,
  tls: 1300,
  unknownAuthority: 1310,
  hostname: 1311,
  /** k6 adds the status to it: 1404, 1503. */
  status: 1000,
} as const;

const BY_CODE: Readonly<Record<string, readonly [number, string]>> = {
  ECONNREFUSED: [ERROR_CODES.refused, 'dial: connection refused'],
  ECONNRESET: [ERROR_CODES.reset, 'read: connection reset by peer'],
  EPIPE: [ERROR_CODES.brokenPipe, 'write: broken pipe'],
  ETIMEDOUT: [ERROR_CODES.dialTimeout, 'dial: i/o timeout'],
  EHOSTUNREACH: [ERROR_CODES.dial, 'dial: no route to host'],
  ENETUNREACH: [ERROR_CODES.dial, 'dial: network is unreachable'],
  EADDRNOTAVAIL: [ERROR_CODES.dial, 'dial: cannot assign requested address'],
  ENOTFOUND: [ERROR_CODES.noSuchHost, 'lookup: no such host'],
  ENODATA: [ERROR_CODES.noSuchHost, 'lookup: no such host'],
  EAI_AGAIN: [ERROR_CODES.dns, 'lookup: temporary failure in name resolution'],
  ERR_TLS_CERT_ALTNAME_INVALID: [ERROR_CODES.hostname, 'x509: certificate is not valid for this host name'],
};
const AUTHORITY = /SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|INVALID_CA|CERT_SIGNATURE|CERT_CHAIN/;

/** What an error of a socket means. */
export function requestError(error: Error & { code?: string }): RequestError {
  if (error instanceof RequestError) return error;
  const { code = '', message } = error;
  const known = BY_CODE[code];
  if (known !== undefined) return new RequestError(known[0], known[1], error);
  if (AUTHORITY.test(code)) return new RequestError(ERROR_CODES.unknownAuthority, `x509: ${message}`, error);
  if (/^(ERR_SSL|ERR_TLS|CERT_|EPROTO)/.test(code))
    return new RequestError(ERROR_CODES.tls, `tls: ${message}`, error);
  return new RequestError(ERROR_CODES.other, message === '' ? code : message, error);
}
