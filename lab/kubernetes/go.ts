import { chmod, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../units/operator-error.ts';
import { run } from '../command.ts';
import { cached, cacheFolder } from '../image/cache.ts';
import type { Progress } from '../progress.ts';
import { ensurePackages } from '../setup.ts';

/** The module with the lab's Go programs. */
const SOURCE = join(import.meta.dirname, 'go');

/** Names that the one Kubernetes program answers to. */
const COMMANDS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
  'network-policies',
  'volumes',
] as const;

/** A Go that can build the programs, where the computer has none that is new enough. */
const TOOLCHAIN = 'go1.26.8';
const NEEDED_MINOR = 26;

/** Each compiler takes up to 1 GiB on the largest packages. */
const MEMORY_PER_COMPILER = 1.5 * 2 ** 30;

/**
 * The folder with the lab's Kubernetes: its commands, `coredns` and `pause`. A first build takes ten minutes on two
 * processors; after a change of the sources, seconds to minutes.
 */
export function kubernetesPrograms(progress: Progress): Promise<string> {
  return built('kubernetes', ['kubernetes', 'coredns', 'pause'], progress, async (folder) => {
    for (const command of COMMANDS) await symlink('kubernetes', join(folder, command));
  });
}

/** The program that simulates nodes: only needed to try the suite against thousands of them. */
export async function kwokProgram(progress: Progress): Promise<string> {
  return join(await built('kwok', ['kwok'], progress), 'kwok');
}

async function built(
  kind: string,
  programs: string[],
  progress: Progress,
  finish: (folder: string) => Promise<void> = async () => {},
): Promise<string> {
  const version = await kubernetesVersion();
  const inputs = {
    source: await sources(programs),
    flags: [...flags(version), ...Object.entries(BUILD).map((pair) => pair.join('='))],
    toolchain: TOOLCHAIN,
    arch: process.arch,
  };
  return cached(kind, inputs, progress, async (folder) => {
    await build(programs, version, folder, progress);
    await finish(folder);
  });
}

async function kubernetesVersion(): Promise<string> {
  const text = await readFile(join(SOURCE, 'go.mod'), 'utf8');
  return /^\tk8s\.io\/kubernetes (v\S+)$/m.exec(text)![1]!;
}

/** The content of every file that decides what these programs are. */
async function sources(programs: string[]): Promise<Record<string, string>> {
  const files = ['go.mod', 'go.sum'];
  for (const program of programs) {
    const names = await readdir(join(SOURCE, program));
    files.push(...names.filter((name) => name.endsWith('.go')).map((name) => join(program, name)));
  }
  return Object.fromEntries(
    await Promise.all(files.sort().map(async (file) => [file, await readFile(join(SOURCE, file), 'utf8')])),
  );
}

/** Without these flags every node would show the version `v0.0.0-master`. */
function flags(version: string): string[] {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const facts = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'archive',
    gitCommit: 'unknown',
  };
  const set = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((module) =>
    Object.entries(facts).map(([name, value]) => `-X ${module}.${name}=${value}`),
  );
  return ['-trimpath', '-tags', 'providerless,grpcnotrace', '-ldflags', ['-s -w', ...set].join(' ')];
}

async function build(programs: string[], version: string, into: string, progress: Progress): Promise<void> {
  const go = await goProgram(progress);
  const env = goEnvironment();
  progress(`fetching the sources of Kubernetes ${version} from the Go module proxy`);
  const packages = programs.map((program) => `./${program}`);
  const total = (await run([go, '-C', SOURCE, 'list', '-deps', ...packages], { env })).trim().split('\n').length;
  progress(`building ${programs.join(', ')} (once, on all processors; the first time it takes ten minutes on two)`);
  const started = performance.now();
  let told = started;
  let compiled = 0;
  // The computer stays usable meanwhile, and the build ends with the process that wants it.
  const politely = ['setpriv', '--pdeathsig', 'KILL', 'nice', '-n', '19'];
  const command = [go, '-C', SOURCE, 'build', '-v', '-p', String(compilers()), ...flags(version), '-o', `${into}/`];
  await run([...politely, ...command, ...packages], {
    env,
    line: (line) => {
      // With -v Go names each package that it compiles; what was compiled before is not named.
      if (line.startsWith('go: ')) return;
      compiled += 1;
      if (performance.now() - told < 10_000) return;
      told = performance.now();
      progress(`  ${compiled} of at most ${total} packages after ${Math.round((told - started) / 1000)} s`);
    },
  });
}

function compilers(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / MEMORY_PER_COMPILER)));
}

/** The part of the environment that the result depends on. */
const BUILD = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };

/** Go's own caches are in the lab's cache: nothing is compiled twice, whoever runs the build. */
function goEnvironment(): Record<string, string> {
  return {
    ...BUILD,
    GOTOOLCHAIN: 'local',
    GOCACHE: join(cacheFolder(), 'go', 'build'),
    GOMODCACHE: join(cacheFolder(), 'go', 'modules'),
  };
}

/** A Go that is new enough: the computer's, or else one that Debian's Go fetches from the Go module proxy. */
async function goProgram(progress: Progress): Promise<string> {
  const minor = await minorOf('go');
  if (minor !== undefined && minor >= NEEDED_MINOR) return 'go';
  const folder = await cached('go-toolchain', { TOOLCHAIN, arch: process.arch }, progress, async (into) => {
    if (minor === undefined) await ensurePackages(['golang-go', 'ca-certificates'], progress);
    progress(`fetching ${TOOLCHAIN} from the Go module proxy`);
    await fetchToolchain(into);
  });
  return join(folder, 'go', 'bin', 'go');
}

async function minorOf(go: string): Promise<number | undefined> {
  const text = await run([go, 'env', 'GOVERSION'], { env: { GOTOOLCHAIN: 'local' } }).catch(() => undefined);
  const minor = /^go1\.(\d+)/.exec(text ?? '')?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** To an old Go, a toolchain is a module like any other; what a newer Go does after the download is done here. */
async function fetchToolchain(into: string): Promise<void> {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (!arch) {
    throw new OperatorError(`no Go toolchain is known for this processor (${process.arch})`, {
      hint: `install ${TOOLCHAIN} or later, so that 'go' finds it`,
    });
  }
  const modules = join(into, 'modules');
  await mkdir(modules);
  const wanted = `golang.org/toolchain@v0.0.1-${TOOLCHAIN}.linux-${arch}`;
  const env = { GOMODCACHE: modules, GOFLAGS: '-modcacherw', GO111MODULE: 'on', GOTOOLCHAIN: 'local' };
  const { Dir } = JSON.parse(await run(['go', 'mod', 'download', '-json', wanted], { env })) as { Dir: string };
  await rename(Dir, join(into, 'go'));
  await rm(modules, { recursive: true });
  // The proxy's archives have no file modes, and cannot contain the go.mod of another module.
  for (const folder of ['bin', join('pkg', 'tool', `linux_${arch}`)]) {
    for (const name of await readdir(join(into, 'go', folder))) await chmod(join(into, 'go', folder, name), 0o755);
  }
  await rename(join(into, 'go', 'src', '_go.mod'), join(into, 'go', 'src', 'go.mod'));
}
