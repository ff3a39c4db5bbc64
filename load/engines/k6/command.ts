/** Arguments and environment of k6. */
import { getCACertificates } from 'node:tls';
import type { LoadRequest } from '../engine.ts';

export interface Files {
  /** Temporary folder of this run. */
  folder: string;
  config: string;
  points: string;
  summary: string;
  ca: string;
}

/** Variables that k6, its Go runtime or its TLS library would act on. Only the harness may set them. */
const OWN =
  /^(?:K6_.*|SSL_CERT_(?:FILE|DIR)|SSLKEYLOGFILE|HOME|XDG_.*|GO[A-Z]+|NO_COLOR|TERM|(?:HTTPS?|NO|ALL)_PROXY)$/i;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Why a variable cannot be passed to k6; null: all can. The reason contains no values. */
export function variablesProblem(variables: LoadRequest['variables']): string | null {
  for (const name of Object.keys(variables)) {
    if (!NAME.test(name))
      return `the variable "${name}" has a name that k6 does not accept (expected letters, digits and "_")`;
    if (OWN.test(name))
      return `the variable ${name} would change k6 itself, not only the script: give it another name`;
  }
  return null;
}

/** The whole environment of k6, which is also `__ENV` of the script. It contains nothing of this process's environment. */
export function environmentOf(request: LoadRequest, files: Files): Record<string, string> {
  return {
    ...request.variables,
    // Without HOME k6 warns; with the user's home it would read the user's configuration.
    HOME: files.folder,
    K6_NO_USAGE_REPORT: 'true',
    // Otherwise k6 may download a k6 binary with the extensions that a script imports.
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
    ...(request.ca !== undefined && { SSL_CERT_FILE: files.ca }),
  };
}

/**
 * Content for SSL_CERT_FILE. Go reads that file instead of the system's bundle, so it must include the bundle.
 * @param ca PEM
 */
export function bundleWith(ca: string): string {
  return [...getCACertificates('system'), ca, ''].join('\n');
}

/** Arguments that run the script on standard input. Without `--quiet`, since the count of interrupted iterations appears only in the progress. */
export function runArgs(files: Files): string[] {
  return [
    'run',
    '--config',
    files.config,
    '--log-output',
    'stderr',
    '--log-format',
    'json',
    '--no-color',
    '--include-system-env-vars',
    '--address',
    '',
    '--no-usage-report',
    '--out',
    `json=${files.points}`,
    '--summary-export',
    files.summary,
    '-',
  ];
}
