import { z } from 'zod';
import type { KubeCall } from '../types.ts';

export type UndoImage =
  string | { readonly deployment: { readonly namespace: string; readonly name: string } };

const CALL_TIMEOUT_MS = 5_000;
const podSchema = z.object({ containers: z.tuple([z.object({ image: z.string() })], z.unknown()) });
const imageSchema = z.object({ spec: z.object({ template: z.object({ spec: podSchema }) }) });

type Deployed = Exclude<UndoImage, string>;

/** The image of the undo Job, as it is now; undefined: there is none, or it is not known. */
export async function undoImageOf(
  kube: KubeCall,
  undoImage: UndoImage | undefined,
): Promise<string | undefined> {
  if (typeof undoImage !== 'object') return undoImage;
  const { status, body } = await kube({
    method: 'GET',
    path: pathOf(undoImage),
    timeoutMs: CALL_TIMEOUT_MS,
  });
  return status === 200
    ? imageSchema.safeParse(body).data?.spec.template.spec.containers[0].image
    : undefined;
}

/** Why there is no image for the undo Job, and will be none by itself; null: there is, or it is not known now. */
export async function whyNoUndoImage(
  kube: KubeCall,
  undoImage: UndoImage | undefined,
): Promise<string | null> {
  if (undoImage === undefined) return 'drills.undoImage names no image';
  if (typeof undoImage === 'string') return null;
  const { namespace, name } = undoImage.deployment;
  const { status } = await kube({ method: 'GET', path: pathOf(undoImage), timeoutMs: CALL_TIMEOUT_MS });
  const named = `drills.undoImage names the image of the Deployment ${namespace}/${name}, which`;
  if (status === 404) return `${named} does not exist`;
  return status === 403 ? `${named} may not be read by this account` : null;
}

function pathOf({ deployment: { namespace, name } }: Deployed): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
}
