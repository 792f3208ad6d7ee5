/** What is wrong in files, accounts and guests, told by the real command before a run begins: on a cluster in memory behind the lab's API server. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { loadCluster } from '../../clusters/load.ts';
import { addEntry, addRole, addToken } from '../../lab/proxmox/api/access-files.ts';
import { createPlatform } from '../../platforms/index.ts';
import type { Json } from '../../platforms/platform.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { startBrownout } from '../brownout.ts';
import { MemoryCluster, TOKEN_SECRET } from './memory-cluster.ts';
import { Authority } from './server.ts';

const RUN = '20260101-000000-abcd';
const WORKLOAD = `
const web = { memory: 128, parts: { web: { start: ['true'] } } };
const manifests = {
  'as-is': { web },
  hardened: { web: { ...web, ha: { group: 'old' } } },
};
export const workload = {
  name: 'agent',
  title: 'One guest',
  variants: ['as-is', 'hardened'],
  images: {},
  services: ['web'],
  probes: { page: { kind: 'http', entry: 'web', writes: false } },
  deployment: async ({ variant }) => ({ manifest: JSON.stringify({ guests: manifests[variant] }), services: { web: 1 } }),
};
`;
const scenario = (variant: string) =>
  stringify({
    title: 'It goes on',
    workload: 'agent',
    variant,
    steady: '10s',
    faults: [{ 'member-pause': { member: { service: 'web' }, hold: '10s' } }],
    probes: { page: { every: '100ms' } },
    objectives: { page: { availability: '90%' } },
  });

describe('mistakes on Proxmox', { timeout: 600_000 }, () => {
  const authority = new Authority();
  const project = mkdtempSync(join(tmpdir(), 'brownout-mistakes-'));
  let nodes: MemoryCluster;

  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  };
  const good = (): Record<string, unknown> => ({
    platform: 'proxmox',
    reach: reach('root@pam!rec'),
    allow: { nodes: ['*'], namespaces: ['brownout-*'] },
    entry: { web: 'http://127.0.0.1:1' },
    template: 100,
    storage: 'shared',
    vmids: '101-110',
  });
  const reach = (token: string, trust: object = { ca: authority.file }) => ({
    endpoints: ['pve1', 'pve2', 'pve3'].map((name) => nodes.origin(name)),
    token: { id: token, secret: 'file:secret' },
    ...trust,
  });
  const brownout = async (...words: string[]) => {
    const running = startBrownout(project, ...words);
    return { code: await running.ended, said: running.output() };
  };
  const config = (vmid: number, text: string, node = 'pve1') =>
    nodes.files.view(() => true).write(`nodes/${node}/qemu-server/${vmid}.conf`, text);
  const TEMPLATE = 'name: debian\nmemory: 128\nagent: 1\ntemplate: 1\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0\n';

  before(async () => {
    nodes = await MemoryCluster.start(authority);
    await config(100, TEMPLATE);
    await config(120, TEMPLATE.replace('agent: 1\n', ''));
    await config(121, `${TEMPLATE}lock: backup\n`);
    await config(122, 'name: mine\nmemory: 128\nlock: snapshot\n', 'pve2');
    await config(123, 'name: down\nmemory: 128\n', 'pve2');
    const files = nodes.files.view(() => true);
    await files.update('user.cfg', (users = '') => `${users}user:small@pve:1:0:::::\n`);
    await addToken(files, 'small@pve!suite', TOKEN_SECRET, false);
    await addRole(files, 'Small', ['Sys.Audit', 'VM.Audit', 'Datastore.Audit', 'VM.Allocate', 'VM.Clone']);
    await addEntry(files, { path: '/', who: 'small@pve', role: 'Small', propagate: true });
    await files.update('user.cfg', (users = '') => `${users}user:blind@pve:1:0:::::\n`);
    await addToken(files, 'blind@pve!suite', TOKEN_SECRET, false);
    await addRole(files, 'Blind', [
      'Sys.Audit',
      'Datastore.Audit',
      'Datastore.AllocateSpace',
      'SDN.Use',
      'VM.Allocate',
      'VM.Clone',
    ]);
    await addRole(files, 'Seeing', ['VM.Audit', 'VM.Allocate', 'VM.Clone']);
    await addEntry(files, { path: '/', who: 'blind@pve', role: 'Blind', propagate: true });
    await addEntry(files, { path: '/vms/100', who: 'blind@pve', role: 'Seeing', propagate: true });
    put('clusters/secret', TOKEN_SECRET);
    put('fixtures/agent/workload.ts', WORKLOAD);
    put('scenarios/pause.yaml', scenario('as-is'));
    put('scenarios/group.yaml', scenario('hardened'));
    put('package.json', '{"name":"mine","private":true,"type":"module"}');
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(join(import.meta.dirname, '../..'), join(project, 'node_modules', 'brownout'));
  });
  after(async () => {
    await nodes.stop();
    authority.remove();
    rmSync(project, { recursive: true });
  });

  const existing = (guests: object) => ({ template: undefined, guests });

  /** What differs from a good cluster file; the words of the refusal; what to do. */
  const MISTAKES: Record<string, [more: object | (() => object), words: RegExp, hint: RegExp]> = {
    'wrong-token': [
      () => ({ reach: reach('root@pam!gone') }),
      /GET \/(cluster|nodes|version|access|storage|pools)\S* at https:\/\/127\.0\.77\.\d:\d+ as root@pam!gone: 401 /,
      /its secret and its expiry: are they right under `reach`/,
    ],
    'unknown-authority': [
      () => ({ reach: reach('root@pam!rec', {}) }),
      /https:\/\/127\.0\.77\.\d:\d+: its certificate is not trusted: unable to verify the first certificate$/,
      /nothing was sent\. Give the cluster's authority as `ca`, or the certificate's `fingerprint`/,
    ],
    'wrong-fingerprint': [
      () => ({ reach: reach('root@pam!rec', { fingerprint: `${'AB:'.repeat(31)}AB` }) }),
      /https:\/\/127\.0\.77\.\d:\d+: it shows a certificate with the fingerprint (\w\w:){31}\w\w, and `fingerprint` says AB:AB/,
      /Nothing was sent\. Compare with what the node itself says/,
    ],
    'missing-privilege': [
      () => ({ reach: reach('small@pve!suite') }),
      /rights: missing for scenarios\/pause\.yaml: .*VM\.PowerMgmt \/vms \(deploy, member\.pause, member\.unpause, remove\)/,
      /--rights` prints a role that has them all/,
    ],
    'may-not-look': [
      () => ({ reach: reach('root@pam!poor') }),
      /at https:\/\/127\.0\.77\.\d:\d+ as root@pam!poor: 403 Permission check failed \(\/, Sys\.Audit\)$/,
      /give root@pam!poor Sys\.Audit on \//,
    ],
    'unknown-storage': [{ storage: 'cephh' }, /there is no storage cephh$/, /there is: shared$/],
    'no-template': [{ template: 999 }, /there is no guest 999 to clone/, /VM\.Audit and VM\.Clone on \/vms\/999/],
    'no-agent': [
      { template: 120 },
      /template 120 \(debian\) on pve1 has no guest agent configured$/,
      /on a node: qm set 120 --agent 1/,
    ],
    'not-a-template': [{ template: 122 }, /guest 122 \(mine\) on pve2 is no template$/, /qm template 122/],
    'locked-template': [{ template: 121 }, /template 121 \(debian\) on pve1 is locked \(backup\)$/, /`qm unlock VMID`/],
    'taken-numbers': [{ vmids: '120-122' }, /of 120 to 122 only 0 are free$/, /widen `vmids`/],
    'locked-guest': [
      existing({ web: [122] }),
      /guest 122 \(mine\) on pve2 is locked \(snapshot\)$/,
      /`qm unlock VMID`/,
    ],
    'stopped-guest': [
      existing({ web: [123] }),
      /guest 123 \(down\) on pve2 does not run \(stopped\)$/,
      /on pve2: qm start 123/,
    ],
    'no-guest': [
      existing({ web: [124] }),
      /there is no guest 124, which `guests` .* names for web/,
      /VM\.Audit on \/vms\/124/,
    ],
    'other-service': [existing({ webb: [123] }), /`guests` in the cluster file names none for web$/, /services: web$/],
  };

  it('are refused by `plan`, each by a sentence and what to do, and nothing is changed', async () => {
    const lasting = () => new Map([...nodes.files.contents].filter(([path]) => !path.startsWith('.status/')));
    const before = lasting();
    for (const [name, [more]] of Object.entries(MISTAKES))
      put(`clusters/${name}.yaml`, stringify({ ...good(), ...(typeof more === 'function' ? more() : more) }));
    put('clusters/good.yaml', stringify(good()));
    const files = ['good', ...Object.keys(MISTAKES)].map((name) => `clusters/${name}.yaml`);
    const { code, said } = await brownout('plan', 'scenarios/pause.yaml', '-c', ...files);
    assert.equal(code, 3, said);
    const plans = said.split(/^It goes on {2}/m).slice(1);
    assert.equal(plans.length, files.length);
    assert.match(plans[0]!, /^ok {9}workload deployable: guests 101 on pve1 can be made$/m);
    for (const [index, [name, [, words, hint]]] of Object.entries(MISTAKES).entries()) {
      const lines = plans[index + 1]!.split('\n');
      const at = lines.findIndex((line) => line.startsWith('refused') && words.test(line));
      assert.ok(at >= 0, `${name}: ${plans[index + 1]}`);
      assert.match(lines[at + 1]!, /^ {11}What to do: /, name);
      assert.match(lines[at + 1]!, hint, name);
    }
    assert.deepEqual(lasting(), before);
  });

  it('what only trying tells names the guest, the node and PVE’s words, and leaves nothing', async () => {
    const manifest = JSON.stringify({ guests: { web: { memory: 128, parts: { web: { start: ['true'] } } } } });
    const act = async (more: object, verb: string, args: Record<string, Json>) => {
      put('clusters/tried.yaml', stringify({ ...good(), ...more }));
      const platform = await createPlatform(await loadCluster(join(project, 'clusters/tried.yaml')));
      try {
        await platform.perform({ verb, args }, RUN);
        return undefined;
      } catch (error) {
        assert.ok(error instanceof OperatorError, String(error));
        return error;
      } finally {
        await platform.close();
      }
    };
    const deployment = { namespace: 'brownout-agent-1', manifest, labels: { 'brownout.run': RUN } };

    // The account sees the template and its own numbers, and not the guest that has one of them.
    await config(130, 'name: hidden\nmemory: 128\n', 'pve3');
    const blind = { reach: reach('blind@pve!suite'), vmids: '130-131' };
    const taken = await act(blind, 'deploy', deployment);
    assert.match(
      taken!.message,
      /guest 130 is there already, though the suite's account does not see it: .*at https:.*unable to create VM 130/,
    );
    assert.match(taken!.hint!, /other `vmids`.*VM\.Audit on \/vms/);
    assert.equal(await act({}, 'remove', { namespace: deployment.namespace }), undefined);
    assert.match(nodes.files.contents.get('nodes/pve3/qemu-server/130.conf')!, /hidden/);

    await config(
      131,
      `name: busy\nmemory: 128\nlock: backup\ntags: brownout;brownout-agent-1;run.${RUN};service.web\n`,
      'pve2',
    );
    await nodes.parts('pve2').hypervisor.start(131, {}, () => {});
    // It tells the others at once what it has.
    await nodes.kill('pve2');
    await nodes.revive('pve2');
    const member = { namespace: deployment.namespace, node: 'pve2', member: '131/1' };
    const locked = await act({}, 'member.pause', member);
    assert.match(locked!.message, /^member\.pause .*of 131 on pve2 .*VM is locked \(backup\)/);
    assert.match(locked!.hint!, /`qm unlock VMID`/);
    const refused = await act({ reach: reach('small@pve!suite') }, 'member.pause', member);
    assert.match(
      refused!.message,
      /^member\.pause .*qemu\/\S+ at \S+ as small@pve!suite: 403 .*\(\/vms\/131, VM\.PowerMgmt\)/,
    );
    assert.match(refused!.hint!, /give small@pve!suite VM\.PowerMgmt on \/vms\/131/);
  });

  it('an HA group in a manifest is refused: no version needs one', async () => {
    put('clusters/good.yaml', stringify(good()));
    const { code, said } = await brownout('plan', 'scenarios/group.yaml', '-c', 'clusters/good.yaml');
    assert.equal(code, 3, said);
    assert.match(said, /guests\.web\.ha\.group: HA groups are rules since PVE 9.*`apart: true`/);
  });

  it('sources of guests that exclude each other are refused by `check`, by file, line and column', async () => {
    put('clusters/both.yaml', stringify({ ...good(), image: 'shared:import/debian.qcow2', guests: { web: [122] } }));
    put('clusters/image.yaml', stringify({ ...good(), template: undefined, storage: undefined, image: 'a1:import/b' }));
    const { code, said } = await brownout('check', 'clusters/both.yaml', 'clusters/image.yaml');
    assert.equal(code, 3, said);
    assert.match(
      said,
      /clusters\/both\.yaml:\d+:8: guests come from one of template, image, guests, and 'template' is given/,
    );
    assert.match(
      said,
      /clusters\/both\.yaml:\d+:3: guests come from one of template, image, guests, and 'template' is given/,
    );
    assert.match(said, /clusters\/image\.yaml:\d+:8: 'storage' is missing/);
  });
});
