/** `limits.ts ENV`: compares the memory limits of running containers in the kernel with those that their pods declare. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { INSTANCES } from '../../env/local/index.ts';
import { containerCgroup } from '../../env/local/nodes/index.ts';
import { stateDir } from '../../host/paths.ts';
import { run } from '../../host/run.ts';
import { CLUSTER_GROUPS, toolsDir } from '../../env/local/toolchain/index.ts';

const LOOK_MS = 60_000;
const MIB = 1024 ** 2;
const UNITS: Readonly<Record<string, number>> = { Mi: MIB, Gi: 1024 * MIB, Ki: 1024 };

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string() }),
      spec: z.object({
        nodeName: z.string().optional(),
        containers: z.array(
          z.object({
            name: z.string(),
            resources: z.object({ limits: z.record(z.string(), z.string()).optional() }),
          }),
        ),
      }),
      status: z.object({
        containerStatuses: z
          .array(
            z.object({
              name: z.string(),
              containerID: z.string().optional(),
              started: z.boolean().optional(),
            }),
          )
          .optional(),
      }),
    }),
  ),
});

const instance = INSTANCES.find((name) => name === process.argv[2]);
if (instance === undefined) {
  process.stderr.write(`usage: limits.ts ${INSTANCES.join('|')}\n`);
  process.exit(64);
}
const kubectl = join(await toolsDir(CLUSTER_GROUPS), 'kubectl');
const listed = await run(
  [kubectl, '--kubeconfig', join(stateDir(instance), 'kubeconfig'), 'get', 'pods', '-A', '-o', 'json'],
  { timeoutMs: LOOK_MS },
);
let [held, wrong] = [0, 0];
for (const { metadata, spec, status } of podsSchema.parse(JSON.parse(listed)).items) {
  for (const { name, resources } of spec.containers) {
    const id = status.containerStatuses?.find(
      (one) => one.name === name && one.started === true,
    )?.containerID;
    const declared = resources.limits?.['memory'];
    if (spec.nodeName === undefined || id === undefined || declared === undefined) continue;
    const place = { instance, node: spec.nodeName, podUid: metadata.uid };
    const found = limitOf(containerCgroup(place, id, 'memory'));
    const said = `${metadata.namespace}/${metadata.name} ${name}: declared ${declared}, the kernel's limit ${found ?? 'none'}`;
    process.stdout.write(`${said}\n`);
    if (found === bytesOf(declared)) held += 1;
    else wrong += 1;
  }
}
process.stdout.write(`${held} containers have the declared memory limit, ${wrong} do not\n`);
process.exitCode = held > 0 && wrong === 0 ? 0 : 1;

/** The memory limit in cgroup v2 or v1, bytes; null if there is none. */
function limitOf(folder: string | null): number | null {
  const file = ['memory.max', 'memory.limit_in_bytes']
    .map((name) => join(folder ?? '', name))
    .find((one) => existsSync(one));
  const said = folder === null || file === undefined ? 'max' : readFileSync(file, 'utf8').trim();
  return said === 'max' ? null : Number(said);
}

function bytesOf(quantity: string): number {
  const [, number = '', unit = ''] = /^(\d+)([A-Z]i)?$/.exec(quantity) ?? [];
  return Number(number) * (UNITS[unit] ?? 1);
}
