/**
 * Debian recipes for images of the platform's parts: Prometheus, Alertmanager, and Python with the packages that the AI service imports.
 */
import { BASE, proveLinked } from './debian-recipes.ts';
import type { DebianRecipe } from './debian.ts';
import { exec } from '../exec.ts';

/** One program that needs only libc. The scripts of its web console are left out, because nothing here opens it. */
export const PROMETHEUS: DebianRecipe = {
  name: 'prometheus',
  parent: BASE,
  packages: ['prometheus'],
  exclude: ['./etc/*', './lib*', './var/*', './usr/share/prometheus*', './usr/bin/promtool'],
  finishVersion: 1,
  finish: (root, signal) => proveLinked(root, ['/usr/bin/prometheus'], signal),
};

/**
 * One program that needs only libc, and the templates without which it does not start. Its web console is left out, because nothing here
 * opens it.
 */
export const ALERTMANAGER: DebianRecipe = {
  name: 'alertmanager',
  parent: BASE,
  packages: ['prometheus-alertmanager'],
  exclude: ['./etc/*', './lib*', './var/*', '*/generate-ui.sh', '*/alertmanager/ui*', './usr/bin/amtool'],
  finishVersion: 1,
  finish: (root, signal) => proveLinked(root, ['/usr/bin/prometheus-alertmanager'], signal),
};

const PYTHON = '/usr/bin/python3.11';
const PACKAGES = '/usr/lib/python3/dist-packages';

/** Modules that the service imports. The build imports them, so that a package missing from the list below fails the build, not a pod. */
const IMPORTS =
  'fastapi, uvicorn, uvicorn.protocols.http.h11_impl, httpx, aio_pika, asyncpg, prometheus_client';

async function finishPython(root: string, signal?: AbortSignal): Promise<void> {
  await proveLinked(root, [PYTHON], signal);
  // Compiled once here, as for Patroni; the source's modification time, which a layer does not keep, is not compared.
  const compile = ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash'];
  await exec('chroot', [root, PYTHON, ...compile, PACKAGES, '/usr/lib/python3.11'], { signal });
  await exec('chroot', [root, PYTHON, '-c', `import ${IMPORTS}`], { signal });
}

export const PYTHON_SERVICE: DebianRecipe = {
  name: 'python-service',
  parent: BASE,
  packages: [
    'python3.11-minimal',
    'libpython3.11-minimal',
    'libpython3.11-stdlib',
    'python3-minimal',
    // shared libraries of the interpreter and its modules
    'libexpat1',
    'zlib1g',
    'libssl3',
    'libffi8',
    'libbz2-1.0',
    'liblzma5',
    'libuuid1',
    // HTTP
    'python3-fastapi',
    'python3-starlette',
    'python3-pydantic',
    'python3-typing-extensions',
    'python3-anyio',
    'python3-sniffio',
    'python3-idna',
    'python3-uvicorn',
    'python3-asgiref',
    'python3-click',
    'python3-h11',
    'python3-httpx',
    'python3-httpcore',
    'python3-rfc3986',
    'python3-certifi',
    // AMQP
    'python3-aio-pika',
    'python3-aiormq',
    'python3-pamqp',
    'python3-yarl',
    'python3-multidict',
    // PostgreSQL and metrics
    'python3-asyncpg',
    'python3-prometheus-client',
    'python3-decorator',
  ],
  exclude: [
    '*/lib2to3*',
    '*/ensurepip*',
    '*/idlelib*',
    '*/pydoc_data*',
    '*/turtledemo*',
    '*/distutils/*',
    '*/config-3.11*',
    '*/__pycache__*',
    './usr/share/pixmaps*',
    './usr/share/applications*',
  ],
  finishVersion: 1,
  finish: finishPython,
};
