/** How k6 is called. */
import { tlsEnvironment } from './certificates.ts';
import type { LoadRequest } from '../engine.ts';

export interface Files {
  /** A folder of this run's own, gone after it. */
  folder: string;
  config: string;
  points: string;
  summary: string;
  ca: string;
}

/** Variables that k6, its Go runtime or its TLS library would act on: the harness sets them, a script's variables may not. */
const OWN =
  /^(?:K6_.*|SSL_CERT_(?:FILE|DIR)|SSLKEYLOGFILE|HOME|XDG_.*|GO[A-Z]+|NO_COLOR|TERM|(?:HTTPS?|NO|ALL)_PROXY)$/i;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Why a variable cannot be handed to k6, or null when all can. Values are not named. */
export function variablesProblem(variables: LoadRequest['variables']): string | null {
  for (const name of Object.keys(variables)) {
    if (!NAME.test(name))
      return `the variable "${name}" has a name that k6 does not take (letters, digits and "_")`;
    if (OWN.test(name))
      return `the variable ${name} would change k6 itself and not just the script: give it another name`;
  }
  return null;
}

/** The whole environment of k6, and so `__ENV` of the script: nothing of this process's own is in it. */
export function environmentOf(request: LoadRequest, files: Files): Record<string, string> {
  return {
    ...request.variables,
    // Without a home k6 warns, with the user's it would read their configuration.
    HOME: files.folder,
    K6_NO_USAGE_REPORT: 'true',
    // Otherwise k6 may fetch another k6 with the extensions that a script imports.
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
    ...(request.ca === undefined ? {} : tlsEnvironment(files.ca)),
  };
}

const common = (files: Files): string[] => [
  '--config',
  files.config,
  '--log-output',
  'stderr',
  '--log-format',
  'json',
  '--no-color',
  '--include-system-env-vars',
];

/** Arguments that print the options of the script on standard input. */
export function inspectArgs(files: Files): string[] {
  return ['inspect', '--execution-requirements', ...common(files), '-'];
}

/** Arguments that run it. Not `--quiet`: the count of interrupted iterations is only in the progress. */
export function runArgs(files: Files): string[] {
  return [
    'run',
    ...common(files),
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
