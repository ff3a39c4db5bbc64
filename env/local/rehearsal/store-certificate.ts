/** The certificate of a store's servers, and its authority, in a folder of the state folder and as values for manifests. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateFiles, ensureCertificate, type Subject } from '../platform/certificate.ts';
import type { PlatformContext } from '../platform/context.ts';
import { render } from '../platform/manifests.ts';
import type { KubeObject, Labelling } from '../platform/objects.ts';
import type { Secrets } from '../platform/secrets.ts';

type Place = Pick<PlatformContext, 'stateDir'>;

/** The platform's labels: the names of objects, and nothing else. */
export const LABELLING: Labelling = { key: 'app', others: {} };

interface StoreCertificate {
  /** Makes it where it is missing or near its end. @throws when openssl fails */
  readonly ensure: (context: Place & Pick<PlatformContext, 'signal'>) => Promise<void>;
  /** PEM texts, for `{{value authority}}`, `{{value certificate}}` and `{{value key}}`; placeholders while they are not made. */
  readonly values: (context: Place) => Readonly<Record<'authority' | 'certificate' | 'key', string>>;
  /** The manifests of a folder as they stand, with these texts and `values` filled in. */
  readonly objects: (
    context: PlatformContext,
    secrets: Secrets,
    of: { folder: string; values?: Readonly<Record<string, string>> },
  ) => KubeObject[];
}

/** @param folder of the state folder; clients trust `ca.crt` in it */
export function storeCertificate(folder: string, subject: Subject): StoreCertificate {
  const filesIn = ({ stateDir }: Place): ReturnType<typeof certificateFiles> =>
    certificateFiles(join(stateDir, folder));
  const values: StoreCertificate['values'] = (context) => {
    const { caCertificate, serverPem } = filesIn(context);
    const pem = textOf(serverPem);
    const [certificate, key] = [blockIn(pem, 'CERTIFICATE'), blockIn(pem, 'PRIVATE KEY')];
    return { authority: textOf(caCertificate), certificate, key };
  };
  return {
    values,
    objects: (context, secrets, { folder: of, values: more = {} }) =>
      render(context, secrets, { folder: of, values: { ...values(context), ...more }, plain: true }),
    ensure: async (context) => {
      await ensureCertificate(filesIn(context).folder, subject, context.signal);
    },
  };
}

const NOT_MADE = 'placeholder';

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : NOT_MADE;
}

function blockIn(pem: string, type: string): string {
  return new RegExp(`-----BEGIN ${type}-----[^-]*-----END ${type}-----\n`).exec(pem)?.[0] ?? NOT_MADE;
}
