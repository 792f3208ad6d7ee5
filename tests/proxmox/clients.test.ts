/** Programs of others, as they are, against the lab's API: a guest is made, started, put under HA, moved, stopped and removed. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { execa } from 'execa';
import { cached } from '../../lab/image/cache.ts';
import { ensurePackages } from '../../lab/setup.ts';
import { MemoryCluster, PASSWORD } from './memory-cluster.ts';
import { Authority } from './server.ts';

const HOST = '127.0.77.1';
const SCRIPTS = join(import.meta.dirname, '../proxmox-clients');
/** What is installed, once, into the cache. */
const PACKAGES = {
  pip: ['proxmoxer==2.3.0', 'requests==2.34.2'],
  /** Of the last, a bundle of many collections, only community.proxmox is kept: its version 1.4.0. */
  ansible: ['ansible-core==2.19.14', 'proxmoxer==2.3.0', 'requests==2.34.2', 'ansible==12.3.0'],
  npm: ['proxmox-api@1.1.1', '@corsinvest/cv4pve-api-javascript@9.2.0'],
  go: ['github.com/luthermonson/go-proxmox@v0.8.2'],
};
const silent = () => {};

/** Runs a client; fails with what it said. */
async function run(file: string, argv: string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execa(file, argv, { env, timeout: 400_000, all: true });
  return stdout;
}

/** Without a registry there is no client: that is said, and the test is skipped. */
async function install(t: TestContext, kind: keyof typeof PACKAGES, build: (folder: string) => Promise<void>) {
  try {
    return await cached(`proxmox-clients-${kind}`, PACKAGES[kind], silent, build);
  } catch (error) {
    t.skip(`${PACKAGES[kind].join(' and ')} cannot be had: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
}

describe('programs of others against the lab’s API', { timeout: 900_000 }, () => {
  const authority = new Authority();
  let cluster: MemoryCluster;
  before(async () => {
    cluster = await MemoryCluster.start(authority);
  });
  after(async () => {
    await cluster.stop();
    authority.remove();
  });
  const trust = { NODE_EXTRA_CA_CERTS: authority.file };

  it('fence_pve: off, on, status, reboot', async () => {
    await ensurePackages(['fence-agents'], silent);
    const { hypervisor, files } = cluster.parts('pve2');
    await files.write('nodes/pve2/qemu-server/900.conf', 'memory: 64\nname: fenced\n');
    await hypervisor.start(900, {}, () => {});
    const login = [
      '-a',
      HOST,
      '--ipport',
      String(cluster.port),
      '-l',
      'root@pam',
      '-p',
      PASSWORD,
      '--ssl-insecure',
      '--pve-node-auto',
    ];
    const fence = (action: string) => run('fence_pve', [...login, '-n', '900', '-o', action]);
    assert.match(await fence('status'), /Status: ON/);
    assert.match(await fence('off'), /Success: Powered OFF/);
    assert.deepEqual(hypervisor.running(), []);
    assert.match(await fence('on'), /Success: Powered ON/);
    assert.deepEqual(hypervisor.running(), [900]);
    assert.match(await fence('reboot'), /Success: Rebooted/);
  });

  it('proxmoxer', async (t) => {
    const folder = await install(t, 'pip', async (into) => {
      await execa('python3', ['-m', 'pip', 'install', '--quiet', '--target', into, ...PACKAGES.pip], {
        timeout: 120_000,
      });
    });
    if (!folder) return;
    const script = [join(SCRIPTS, 'by-proxmoxer.py'), HOST, String(cluster.port), PASSWORD, authority.file, '901'];
    assert.match(await run('python3', script, { PYTHONPATH: folder }), /done/);
  });

  it('Ansible’s community.proxmox', async (t) => {
    const folder = await install(t, 'ansible', async (into) => {
      const [pip, bundle] = [['-m', 'pip', '--quiet', '--no-input'], PACKAGES.ansible.at(-1)!];
      await execa('python3', [...pip, 'install', '--target', into, ...PACKAGES.ansible.slice(0, -1)], {
        timeout: 120_000,
      });
      await execa('python3', [...pip, 'download', '--no-deps', '--dest', into, bundle], { timeout: 200_000 });
      const wheel = (await readdir(into)).find((name) => /^ansible-.*\.whl$/.test(name))!;
      const program = [
        'import sys, zipfile',
        'wheel = zipfile.ZipFile(sys.argv[1])',
        'wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith("ansible_collections/community/proxmox/")])',
      ];
      await execa('python3', ['-c', program.join('\n'), join(into, wheel), into]);
      await rm(join(into, wheel));
    });
    if (!folder) return;
    const variables = { host: HOST, at: cluster.port, password: PASSWORD, vmid: '904', other: '905' };
    const home = await mkdtemp(join(tmpdir(), 'brownout-ansible-'));
    t.after(() => rm(home, { recursive: true }));
    const said = await run(
      'python3',
      [
        '-m',
        'ansible',
        'playbook',
        '-i',
        'localhost,',
        '-e',
        JSON.stringify(variables),
        join(SCRIPTS, 'by-ansible.yaml'),
      ],
      {
        HOME: home,
        PYTHONPATH: folder,
        ANSIBLE_HOME: home,
        ANSIBLE_COLLECTIONS_PATH: folder,
        ANSIBLE_NOCOLOR: '1',
        ANSIBLE_PYTHON_INTERPRETER: 'python3',
        REQUESTS_CA_BUNDLE: authority.file,
      },
    );
    assert.match(said, /failed=0 /);
  });

  for (const [client, script, module] of [
    ['proxmox-api', 'proxmox-api.mjs', 'proxmox-api/esm/index.js'],
    ['cv4pve-api-javascript', 'cv4pve.cjs', '@corsinvest/cv4pve-api-javascript'],
  ] as const) {
    it(client, async (t) => {
      const folder = await install(t, 'npm', async (into) => {
        await execa('npm', ['install', '--no-audit', '--no-fund', '--prefix', into, ...PACKAGES.npm], {
          timeout: 120_000,
        });
      });
      if (!folder) return;
      const installed = join(folder, 'node_modules', module);
      const argv = [join(SCRIPTS, script), installed, HOST, String(cluster.port), PASSWORD, '902'];
      assert.match(await run(process.execPath, argv, trust), /done/);
    });
  }

  it('go-proxmox', async (t) => {
    const folder = await install(t, 'go', async (into) => {
      await mkdir(into, { recursive: true });
      await copyFile(join(SCRIPTS, 'go.mod'), join(into, 'go.mod'));
      await copyFile(join(SCRIPTS, 'main.go.txt'), join(into, 'main.go'));
      await execa('go', ['mod', 'tidy'], { cwd: into, timeout: 200_000 });
      await execa('go', ['build', '-o', 'client'], { cwd: into, timeout: 400_000 });
    });
    if (!folder) return;
    assert.match(await run(join(folder, 'client'), [cluster.origin('pve1'), PASSWORD, authority.file, '903']), /done/);
  });
});
