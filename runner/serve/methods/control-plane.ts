import { staticPodRemoval, stopStaticPod, type StaticPodName } from '../../../env/local/cluster/index.ts';
import { nodeSpec, type InstanceName } from '../../../env/local/nodes/index.ts';
import { monoMs } from '../../../host/clock.ts';
import { openHistory, type HistoryWriter } from '../../../probes/history.ts';
import { providerOf } from '../../../env/providers/index.ts';
import type { FaultMember, Landing } from '../../../faults/_common/fault.ts';
import type { KubeObject, Params, Result } from '../../../suites/harness/protocol.ts';
import type { ServedRunner } from '../served.ts';
import { embeddedOf, timeoutMsOf } from '../../plan/environment-parts.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import type { Call, Handlers } from '../handlers.ts';

const NAMESPACE = 'kube-system';
/** kubelet knows a static pod by the hash of its manifest; the pod that the API shows is only its mirror. */
const HASH = 'kubernetes.io/config.hash';
const STATIC_PODS: readonly StaticPodName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
];

/** Embedded environments only: it acts on the node's files and processes on this machine. */
export function controlPlaneMethods(runner: ServedRunner): Pick<Handlers, 'controlPlane.crash'> {
  return {
    'controlPlane.crash': async (params, call) => {
      const instance = embeddedOf(runner.runState.environment);
      if (instance === undefined)
        throw new RequestError('static pods can be crashed in the embedded environment only', 'refused');
      const writer = openHistory(runner.runState.trialFolder(params.check, params.trial), 'faults.ndjson');
      try {
        return await crash(runner, instance, { params, call, writer });
      } finally {
        await writer.close();
      }
    },
  };
}

interface Asked {
  params: Params<'controlPlane.crash'>;
  call: Call;
  writer: HistoryWriter;
}

async function crash(
  runner: ServedRunner,
  instance: InstanceName,
  { params, call, writer }: Asked,
): Promise<Result<'controlPlane.crash'>> {
  const { check, fault, node } = params;
  const { environment } = runner.runState;
  const names = params.pods.filter((name): name is StaticPodName =>
    STATIC_PODS.includes(name as StaticPodName),
  );
  const landingMs = timeoutMsOf(environment, 'faultLanding');
  const provider = await providerOf(environment.cluster);
  const injector = await provider.injector?.(environment.cluster, { landingMs, signal: call.signal });
  if (injector === undefined)
    return missed(
      writer,
      node,
      'this environment has no fault injector that acts on the processes of a node',
    );
  const members = await mirrorsOf(runner, node, names);
  const prepared = await Promise.all(members.map((member) => injector.crash(member)));
  writer.observe({
    kind: 'fault-armed',
    fault,
    target: node,
    members: prepared.flatMap((one) =>
      'act' in one ? [{ name: one.member.name, uid: one.member.uid, node, found: one.found, ...one.of }] : [],
    ),
  });
  const able = prepared.filter((one) => 'act' in one);
  const missing = prepared.flatMap((one) => ('reason' in one ? [one.reason] : []));
  if (names.length === 0 || able.length < names.length)
    return missed(
      writer,
      node,
      missing.join('; ') || `${node} has no such static pods: ${params.pods.join(', ')}`,
    );
  const spec = nodeSpec(instance, node);
  const outcomes: Awaited<ReturnType<(typeof able)[number]['act']>>[] = [];
  await runner.parts.safety.perform({
    check,
    title: `${fault}: ${names.join(', ')} of ${node} killed and kept down`,
    access: 'fault',
    fault,
    rollbacks: names.map((name) => ({ kind: 'static-pod', ...staticPodRemoval(spec, name) })),
    controlPlane: true,
    act: async () => {
      // First the manifests, or kubelet would start them again within a second; then the kill, before kubelet ends them gently.
      for (const name of names) await stopStaticPod(spec, name);
      const acted = (member: string) => (did: string) => writer.observe({ kind: 'fault-acted', member, did });
      outcomes.push(...(await Promise.all(able.map((one) => one.act(acted(one.member.name))))));
    },
  });
  return landing(writer, node, outcomes);
}

function landing(
  writer: HistoryWriter,
  node: string,
  outcomes: readonly (string | Landing)[],
): Result<'controlPlane.crash'> {
  const failures = outcomes.filter((one) => typeof one === 'string');
  const landed = outcomes.filter((one) => typeof one !== 'string');
  const last = landed.toSorted((a, b) => a.landedMs - b.landedMs).at(-1);
  if (failures.length > 0 || last === undefined)
    return missed(writer, node, failures.join('; ') || 'nothing was done');
  const proof = landed.map((one) => one.proof).join('; ');
  const beforeMs = Math.min(...landed.map(({ lastBeforeMs }) => lastBeforeMs));
  const betweenMs: [number, number] = [beforeMs, last.landedMs];
  const hit = landed.map((one) => one.hit);
  writer.observe({ kind: 'fault-landed', t: last.landedMs, by: last.by, proof, hit, betweenMs });
  return { target: node, landedAtMs: last.landedMs, proof, lasting: true };
}

function missed(writer: HistoryWriter, target: string, reason: string): Result<'controlPlane.crash'> {
  writer.observe({ kind: 'fault-missed', t: monoMs(), reason });
  return { target, landedAtMs: null, proof: reason };
}

/** The static pods of a node as kubelet knows them. */
async function mirrorsOf(
  runner: ServedRunner,
  node: string,
  names: readonly StaticPodName[],
): Promise<FaultMember[]> {
  const listed = await runner.parts.cluster.list({ kind: 'v1/Pod', namespace: NAMESPACE });
  if (listed.unavailable !== undefined)
    throw new RequestError(`pods of ${NAMESPACE}: ${listed.unavailable}`, 'unavailable');
  const byName = new Map(listed.items.map((pod): [string, KubeObject] => [pod.metadata.name, pod]));
  return names.flatMap((name) => {
    const mirror = byName.get(`${name}-${node}`);
    const uid = mirror?.metadata.annotations?.[HASH];
    return mirror === undefined || uid === undefined ? [] : [{ name: mirror.metadata.name, uid, node }];
  });
}
