import path from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../../host/errors.ts';
import type { Context } from '../context.ts';
import { cancellable } from '../signals.ts';

const GIB = 1024 ** 3;
const gib = (bytes: number): string => `${(bytes / GIB).toFixed(2)} GiB`;

export function registerToolchain(program: Command, context: Context): void {
  const toolchain = program
    .command('toolchain')
    .description('the compiled programs and images as one file, so that only one machine compiles');
  toolchain
    .command('pack')
    .description('write what this machine has built into one file, and print its digest')
    .argument('<file>', 'archive to write, such as plumbline.tar.zst')
    .action(async (file: string) => {
      const { packArchive } = await import('../../env/local/index.ts');
      context.exit(
        await cancellable(async (signal) => {
          const { sha256, bytes } = await packArchive(path.resolve(file), { signal });
          context.out(`${file}: ${gib(bytes)}\nsha256 ${sha256}`);
          return EXIT.met;
        }),
      );
    });
  toolchain
    .command('unpack')
    .description(
      'put the contents of such a file into the cache of this machine, so that nothing is compiled here',
    )
    .argument('<file>', 'archive that `toolchain pack` wrote')
    .option('--sha256 <digest>', 'refuse the file unless it has this digest, which pack printed')
    .action(async (file: string, options: { sha256?: string }) => {
      const { unpackArchive } = await import('../../env/local/index.ts');
      context.exit(
        await cancellable(async (signal) => {
          const { sha256 } = await unpackArchive(path.resolve(file), options.sha256, { signal });
          context.out(`the programs and images of ${file} are in the cache\nsha256 ${sha256}`);
          return EXIT.met;
        }),
      );
    });
}
