import type { LoadRequest } from '../../engine.ts';
import { defaultOptions } from '../options/options.ts';
import { bundleScript } from '../script/bundle.ts';
import type { ThreadData } from '../worker/protocol.ts';

/** The data with which every thread of a load starts. @throws ScriptError for a script that cannot be loaded */
export function threadDataOf({ script, variables, ca, client, hosts, limits }: LoadRequest): ThreadData {
  return {
    bundle: bundleScript(script),
    variables,
    defaults: defaultOptions(),
    ca: ca ?? null,
    client: client ?? null,
    hosts: hosts ?? {},
    sent: new SharedArrayBuffer(4),
    maxRequests: limits.requests,
  };
}
