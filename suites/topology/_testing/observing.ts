/** Checks of the topology over given objects: the real observer looks at them, the real judge judges what it recorded. */
import type { Judgement } from '../../../reports/record/judgement.ts';
import { invent } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { judgeOf } from '../../_testing/judges.ts';
import { rowOf } from '../../catalogue/rows.ts';
import { trim } from '../../../probes/kubernetes/cache/trim.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';

export interface Given {
  /** As a header has them. */
  settings: Record<string, unknown>;
  objects: readonly { apiVersion: string; kind: string }[];
  /** What is there once a workload was waited for; without it, waiting is in vain. */
  settled?: Given['objects'];
  /** Answers of the runner by method, such as what a store says of itself. */
  asked?: Readonly<Record<string, () => Promise<unknown>>>;
}

/** @throws Error for a check that is not built, or a question to the runner without an answer */
export async function judgedOver(
  check: string,
  { settings, objects, settled, asked = {} }: Given,
): Promise<Judgement> {
  const row = rowOf(check);
  const observe = await row?.observe?.();
  if (observe === undefined) throw new Error(`${check} is not built`);
  const seen: Seen[] = [];
  const goals = { ...row?.goals };
  let there = objects;
  const listed = (kind: string): KubeObject[] =>
    there.filter((one) => `${one.apiVersion}/${one.kind}` === kind).map(cached);
  const context = {
    id: check,
    settings,
    goals,
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: Record<string, unknown>) => seen.push([kind, fields]),
    unavailable: (what: string, reason: string) => seen.push(['unavailable', { what, reason }]),
    cluster: {
      items: ({ kind }: { kind: string }) => Promise.resolve(listed(kind)),
      list: ({ kind }: { kind: string }) => Promise.resolve({ items: listed(kind) }),
      raw: () => Promise.resolve({ status: 403, body: '' }),
      wait: () => {
        if (settled === undefined) return Promise.reject(new Error('not ready in time'));
        there = settled;
        return Promise.resolve({ items: [] });
      },
    },
    runner: {
      call: (method: string) => {
        const answer = asked[method];
        if (answer === undefined) throw new Error(`nobody answers ${method}`);
        return answer();
      },
    },
  };
  await observe(context as unknown as CheckContext);
  const history = invent({ check, settings, seen, goals });
  // Ages of pods are by this machine's clock.
  const anchor = { wall: new Date().toISOString(), monoMs: history.observations[0]?.t ?? 0 };
  const judged = judgeOf(check)?.([{ ...history, header: { ...history.header, anchor } }]);
  if (judged === undefined) throw new Error(`no judge for ${check}`);
  return judged;
}

/** An object as the runner's cache has it. */
function cached(object: Given['objects'][number]): KubeObject {
  return trim(structuredClone(object) as KubeObject);
}

interface SetShape {
  namespace: string;
  name: string;
  replicas: number;
  /** Controller of the set: the operator's resource. */
  owner: { apiVersion: string; kind: string; name: string };
  labels: Readonly<Record<string, string>>;
  /** Claims of each pod, by the name of their template. */
  claims: readonly string[];
  spec: {
    containers: readonly ({ name: string } & Readonly<Record<string, unknown>>)[];
    initContainers?: readonly object[];
    volumes?: readonly object[];
  };
}

/** A StatefulSet that is rolled out, its pods one a node, and their claims, each Bound to a volume of CSI. */
export function rolledOut(of: SetShape): { apiVersion: string; kind: string }[] {
  const { namespace, name, replicas, owner, labels, claims, spec } = of;
  const ofSet = { apiVersion: 'apps/v1', kind: 'StatefulSet', name, controller: true };
  const set = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { namespace, name, labels, generation: 1, ownerReferences: [{ ...owner, controller: true }] },
    spec: {
      replicas,
      template: { metadata: { labels }, spec },
      volumeClaimTemplates: claims.map((template) => ({ metadata: { name: template } })),
    },
    status: { observedGeneration: 1, replicas, readyReplicas: replicas, updatedReplicas: replicas },
  };
  const ordinals = Array.from({ length: replicas }, (_, at) => at);
  const pods = ordinals.map((at) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name: `${name}-${at}`,
      labels,
      ownerReferences: [ofSet],
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      ...spec,
      nodeName: `node-${at}`,
      volumes: [
        ...(spec.volumes ?? []),
        ...claims.map((template) => ({
          name: template,
          persistentVolumeClaim: { claimName: `${template}-${name}-${at}` },
        })),
      ],
    },
    status: {
      phase: 'Running',
      containerStatuses: spec.containers.map((one) => ({
        name: one.name,
        ready: true,
        restartCount: 0,
        imageID: 'i',
      })),
    },
  }));
  const bound = ordinals.flatMap((at) =>
    claims.flatMap((template) => {
      const claim = `${template}-${name}-${at}`;
      return [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { namespace, name: claim },
          spec: { storageClassName: 'fast', volumeName: `pv-${claim}` },
          status: { phase: 'Bound' },
        },
        {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name: `pv-${claim}` },
          spec: { csi: { driver: 'csi.example.com' } },
        },
      ];
    }),
  );
  return [set, ...pods, ...bound];
}
