/** Ingress controllers and gateways by their images, as their projects name them. */
import { imageName } from '../store/recognising.ts';
import type { SeenSet } from '../store/recognising.ts';

const CONTROLLERS =
  /^(traefik|nginx-ingress(-controller)?|haproxy-ingress|kubernetes-ingress(-controller)?|contour|envoy-gateway|kong(-gateway)?|kubernetes-ingress-controller|apisix(-ingress-controller)?)$/;
/** Its image has no name of its own. */
const INGRESS_NGINX = /(^|\/)ingress-nginx\/controller(:|@|$)/;

/** Sets that take requests from outside, or lead those that do. */
export function recogniseEdge(sets: readonly SeenSet[]): SeenSet[] {
  return sets.filter(({ containers }) =>
    containers.some(({ image }) => CONTROLLERS.test(imageName(image)) || INGRESS_NGINX.test(image)),
  );
}
