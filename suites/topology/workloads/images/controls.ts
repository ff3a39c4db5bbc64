import { changed } from '../../_objects/gateway-template.ts';
import type { Control } from '../../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'topology/workloads/images/latest-elsewhere',
    check: 'topology/workloads/images',
    verdict: 'fail',
    size: 'any',
    title: 'the gateway is declared with the image `latest` of another registry',
    expectSeen: /registry of Deployment edge\/gateway/,
    break: (ctx) => changed(ctx, (container) => ({ ...container, image: 'elsewhere.test/gateway:latest' })),
  },
];
