import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { asksOf } from './asks.ts';

const NAMESPACE = 'brownout-x';
const root = mkdtempSync(join(tmpdir(), 'brownout-asks-'));
const folder = join(root, 'fixtures/shop');
mkdirSync(folder, { recursive: true });
after(() => rmSync(root, { recursive: true }));

function asked(stack: string, publish: 'ingress' | 'host' = 'ingress', shared: string | undefined = '/srv/shared') {
  return asksOf(stack, { shared, publish }, { namespace: NAMESPACE, folder }).map(({ object, word, what }) => [
    object,
    word,
    what,
  ]);
}
const web = (service: string, more = '') => `services: { web: { image: x, ${service} } }\n${more}`;
const words = (stack: string) => asked(stack).map(([, word]) => word);

describe('what a stack file asks for', () => {
  it('is nothing beyond the usual, mostly', () => {
    const stack = web(
      "volumes: ['data:/data', /anonymous, { type: tmpfs, target: /t }, { type: bind, source: /srv/shared/brownout-x/db, target: /s }], ports: ['80:80', { target: 80, published: 81, mode: ingress }], networks: [inside], sysctls: { net.ipv4.tcp_retries2: '3' }, cap_drop: [ALL], privileged: false",
      'volumes: { data: {} }\nnetworks: { inside: { driver: overlay } }',
    );
    assert.deepEqual(asked(stack), []);
  });

  it('files of a node, in every way of writing it', () => {
    assert.deepEqual(asked(web("volumes: ['/var/run/docker.sock:/var/run/docker.sock']")), [
      ['service web', 'host-files', 'mounts /var/run/docker.sock of its node'],
    ]);
    for (const mount of [
      "'./here:/x'",
      "'~/here:/x:ro'",
      '{ type: bind, source: /etc, target: /x }',
      "'/srv/shared/another-run/db:/x'",
      "'/srv/shared/brownout-x/../../etc:/x'",
      `'\${ANY:-/etc}:/x'`,
      '{ type: npipe, source: x, target: y }',
    ]) {
      assert.deepEqual(words(web(`volumes: [${mount}]`)), ['host-files'], mount);
    }
    const volume = (options: string) => words(web('volumes: [d:/x]', `volumes: { d: { driver_opts: ${options} } }`));
    assert.deepEqual(volume('{ type: none, o: bind, device: /etc }'), ['host-files']);
    assert.deepEqual(volume('{ type: none, o: bind, device: /srv/shared/brownout-x/d }'), []);
    assert.deepEqual(volume("{ type: nfs, o: 'addr=10.0.0.1', device: ':/export' }"), ['external']);
  });

  it('rights over a node, its network and its processes', () => {
    assert.deepEqual(
      asked(
        web(
          "privileged: true, cap_add: [NET_ADMIN], devices: ['/dev/kvm'], security_opt: ['seccomp:unconfined'], network_mode: host, pid: host, ipc: host, ports: [{ target: 80, published: 80, mode: host }]",
        ),
      ),
      [
        ['service web', 'privileged', 'privileged true'],
        ['service web', 'privileged', 'cap_add ["NET_ADMIN"]'],
        ['service web', 'privileged', 'devices ["/dev/kvm"]'],
        ['service web', 'privileged', 'security_opt ["seccomp:unconfined"]'],
        ['service web', 'host-processes', 'pid host'],
        ['service web', 'host-processes', 'ipc host'],
        ['service web', 'host-network', 'network_mode host'],
        ['service web', 'host-network', 'binds port 80 of its node'],
      ],
    );
    assert.deepEqual(words(web(`privileged: '\${P:-true}', network_mode: '\${N:-host}'`)), [
      'privileged',
      'host-network',
    ]);
    assert.deepEqual(words(web('networks: [host]', 'networks: { host: { external: true, name: host } }')), [
      'host-network',
      'host-network',
      'external',
    ]);
  });

  it('a port of the node is usual where the cluster file says so', () => {
    const stack = web('ports: [{ target: 80, published: 80, mode: host }]');
    assert.deepEqual(asked(stack, 'host'), []);
  });

  it("files of the operator's machine, but for the workload's own", () => {
    writeFileSync(join(folder, 'own.conf'), '');
    symlinkSync('/etc/hostname', join(folder, 'link.conf'));
    const config = (file: string) => asked(web('configs: [c]', `configs: { c: { file: '${file}' } }`));
    assert.deepEqual(config('/etc/shadow'), [['config c', 'operator-files', 'reads /etc/shadow']]);
    assert.deepEqual(config(join(folder, 'own.conf')), []);
    assert.equal(config(join(folder, 'link.conf')).length, 1, 'a link out of it');
    assert.equal(config(`${folder}/../other/x`).length, 1);
    assert.equal(config(`\${HOME}/.ssh/id_ed25519`).length, 1);
    assert.deepEqual(words(web('secrets: [s]', 'secrets: { s: { file: ~/.ssh/id } }')), ['operator-files']);
    assert.deepEqual(words(web('env_file: [/root/.env]')), ['operator-files']);
  });

  it('what others have made, or may have', () => {
    assert.deepEqual(words(web('networks: [n]', 'networks: { n: { external: true } }')), ['external']);
    assert.deepEqual(words(web('volumes: [v:/x]', 'volumes: { v: { name: prod_data } }')), ['external']);
    assert.deepEqual(words(web('volumes: [v:/x]', `volumes: { v: { name: ${NAMESPACE}_data } }`)), []);
    assert.deepEqual(words(web('secrets: [s]', 'secrets: { s: { external: true } }')), ['external']);
  });
});
