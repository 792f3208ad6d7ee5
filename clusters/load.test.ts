import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { FileError } from '../files/diagnostic.ts';
import { Source } from '../files/source.ts';
import { parseYaml } from '../files/yaml.ts';
import type { Cluster } from '../platforms/cluster.ts';
import { platformOf, registerPlatform } from '../platforms/index.ts';
import type { PlatformModule } from '../platforms/module.ts';
import { assertInside, mutations } from '../tests/mutations.ts';
import { loadCluster, toCluster } from './load.ts';

const read = (text: string, file = '/etc/brownout/mine.yaml') => toCluster(parseYaml(new Source(file, text)));
const reachOf = (text: string) => (read(text) as Cluster & { reach: unknown }).reach;

const least = `
platform: swarm
reach: { hosts: [ssh://ops@m1] }
allow: { nodes: [w*], namespaces: [brownout-*] }
entry: { vote: http://vip:8080 }
`;

test('what is not said has its default', () => {
  assert.deepEqual(read(least), {
    name: '/etc/brownout/mine.yaml',
    file: '/etc/brownout/mine.yaml',
    platform: 'swarm',
    reach: { hosts: ['ssh://ops@m1'], tls: undefined },
    allow: { nodes: ['w*'], namespaces: ['brownout-*'] },
    power: undefined,
    entry: { vote: 'http://vip:8080' },
    credentials: {},
    images: {},
    pull: 'missing',
    netem: false,
    shared: undefined,
    endpoint: 'vip',
    publish: 'ingress',
  });
});

test('power by an agent: numbers and truths become text, secrets stay references, paths are meant from the file', () => {
  const options = "{ ip: 'bmc-{node}', lanplus: 1, ssl: true, password: file:secrets/bmc, passwd_script: env:SCRIPT }";
  assert.deepEqual(read(`${least}power: { agent: fence_ipmilan, options: ${options} }`).power, {
    kind: 'fence',
    agent: 'fence_ipmilan',
    options: {
      ip: 'bmc-{node}',
      lanplus: '1',
      ssl: 'true',
      password: 'file:/etc/brownout/secrets/bmc',
      passwd_script: 'env:SCRIPT',
    },
    timeout: 60_000,
  });
});

test('who asks at an entry: the password stays a reference, and is never given', () => {
  const share = least.replace('http://vip:8080', 'http://vip:8080, share: smb://nas/data/folder');
  const withThe = (credentials: string) => read(`${share}credentials: ${credentials}`);
  const { credentials } = withThe('{ share: { user: CORP\\ann, password: file:secrets/share } }');
  assert.deepEqual(credentials, { share: { user: 'CORP\\ann', password: 'file:/etc/brownout/secrets/share' } });
  assert.throws(() => withThe('{ share: { user: ann, password: hunter2 } }'), /a secret stands here/);
  assert.throws(() => withThe('{ shore: { user: ann, password: env:X } }'), /there is no entry 'shore'/);
});

test('the authority of entries is a file, meant from the cluster file', () => {
  assert.equal(read(`${least}entry-ca: ca.pem`).entryCa, '/etc/brownout/ca.pem');
  assert.throws(() => read(`${least}entry-ca: ''`), /expected a path/);
});

test('further places to probe from: by ssh or by a command, and never by a password', () => {
  const vantagesIn = (vantage: string) => read(`${least}vantage: ${vantage}`).vantages;
  assert.equal(read(least).vantages, undefined);
  assert.deepEqual(vantagesIn('{ inside: { ssh: ops@w1 }, pod: { command: [kubectl, exec, -i, prober, --] } }'), {
    inside: { kind: 'ssh', address: 'ops@w1' },
    pod: { kind: 'command', argv: ['kubectl', 'exec', '-i', 'prober', '--'] },
  });
  for (const address of ['w1', 'ssh://ops@w1:2222', 'ops@10.0.0.1', 'ssh://ops@[::1]:22'])
    assert.deepEqual(vantagesIn(`{ inside: { ssh: '${address}' } }`), { inside: { kind: 'ssh', address } });
  for (const address of ['ops@w1 -oProxyCommand=x', 'http://w1', 'ssh://w1/path', 'ssh://w1:0', 'a%zz@w1', ''])
    assert.throws(() => vantagesIn(`{ inside: { ssh: '${address}' } }`), /expected an address for ssh/);
  assert.throws(() => vantagesIn('{ inside: { ssh: "ssh://ops:hunter2@w1" } }'), /a secret stands here/);
  assert.throws(() => vantagesIn('{ inside: {} }'), /expected one of ssh or command/);
  assert.throws(() => vantagesIn('{ inside: { ssh: w1, command: [env] } }'), /'ssh' is given already/);
  assert.throws(() => vantagesIn('{ inside: { command: [] } }'), /expected at least the name of a program/);
  assert.throws(() => vantagesIn('{ here: { ssh: w1 } }'), /where the suite itself runs/);
});

test('power by commands, and of containers', () => {
  const command = "{ off: 'p {node} off', on: 'p {node} on', state: 'p {node} state' }";
  assert.deepEqual(read(`${least}power: { command: ${command}, timeout: 5s }`).power, {
    kind: 'command',
    off: 'p {node} off',
    on: 'p {node} on',
    state: 'p {node} state',
    timeout: 5000,
  });
  assert.deepEqual(read(`${least}power: { docker: {} }`).power, {
    kind: 'docker',
    host: 'unix:///var/run/docker.sock',
    container: '{node}',
  });
});

test('TLS files are meant from the file', () => {
  const tls = 'tls: { ca: tls/ca.pem, cert: ../cert.pem, key: /key.pem }';
  assert.deepEqual(reachOf(least.replace('[ssh://ops@m1] }', `[tcp://m1:2376], ${tls} }`)), {
    hosts: ['tcp://m1:2376'],
    tls: {
      ca: '/etc/brownout/tls/ca.pem',
      cert: '/etc/cert.pem',
      key: '/key.pem',
    },
  });
});

test('a Kubernetes cluster is reached by a context that is named, or from inside', () => {
  const kubernetes = (reach: string) =>
    reachOf(least.replace('platform: swarm', 'platform: kubernetes').replace(/reach: .*/, `reach: ${reach}`));
  assert.deepEqual(kubernetes('{ kubeconfig: kube/config, context: staging }'), {
    kubeconfig: '/etc/brownout/kube/config',
    context: 'staging',
  });
  const { kubeconfig } = kubernetes('{ kubeconfig: ~/.kube/config, context: c }') as { kubeconfig: string };
  assert.equal(kubeconfig, path.join(homedir(), '.kube/config'));
  assert.deepEqual(kubernetes('{ in-cluster: true }'), { inCluster: true });
});

test("fence_ipmilan's auth is a method, another agent's may be a secret", () => {
  const power = (auth: string) => `${least}power: { agent: fence_ipmilan, options: { auth: ${auth} } }`;
  assert.doesNotThrow(() => read(power('md5')));
  assert.throws(() => read(power('hunter2')), /a secret stands here as a value: 'auth'/);
});

const shipped = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => path.join(import.meta.dirname, file));

test('the shipped cluster files load', async () => {
  assert.ok(shipped.length >= 3);
  for (const file of shipped) assert.equal((await loadCluster(file)).name, `clusters/${path.basename(file)}`);
});

test('a cluster file with any damage loads, or is refused with places inside it', () => {
  const damaged = fc.constantFrom(...shipped).chain((file) => mutations(readFileSync(file, 'utf8')));
  fc.assert(
    fc.property(damaged, (text) => {
      try {
        read(text);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        assertInside(error, text);
      }
    }),
    { numRuns: 1000 },
  );
});

test('whatever else is wrong with the file: its secret is not repeated', () => {
  const good = readFileSync(path.join(import.meta.dirname, 'example-swarm-ipmi.yaml'), 'utf8');
  const [before, after] = good.split('env:IPMI_PASSWORD') as [string, string];
  const damage = fc.record({
    head: mutations(before.slice(0, before.lastIndexOf('\n'))),
    quote: fc.constantFrom('', '"', "'"),
    end: fc.constantFrom('', '"', ' }', ' # mine', ': x', ', b: c'),
    tail: mutations(after),
  });
  fc.assert(
    fc.property(damage, ({ head, quote, end, tail }) => {
      try {
        read(`${head}\n    password: ${quote}hunter2${end}${tail}`);
        assert.fail('a secret was accepted');
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        assert.doesNotMatch(JSON.stringify(error.diagnostics) + error.message, /hunter2/);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a platform that a project brings is read by its own keys', () => {
  const toy: PlatformModule = {
    kind: 'toy',
    keys: { reach: z.strictObject({ folder: z.string() }), colour: z.string().default('red') },
    load: ({ reach, colour }, folder) => ({ reach, colour, folder }),
    describe: () => 'one box',
    settings: () => ({}),
    open: () => assert.fail('nothing is connected to'),
    verbs: async () => [],
    predict: () => [],
  };
  const written = least.replace('platform: swarm', 'platform: toy').replace(/reach: .*/, 'reach: { folder: box }');
  assert.throws(() => read(written), /expected swarm, kubernetes or proxmox, got 'toy'/);
  assert.throws(() => platformOf('toy'), { hint: 'supported: swarm, kubernetes, proxmox' });
  registerPlatform(toy, 'mine/platform.ts');
  const { platform, colour, pull, folder } = read(written) as Cluster & { colour: string; folder: string };
  assert.deepEqual([platform, colour, pull, folder], ['toy', 'red', 'missing', '/etc/brownout']);
  assert.throws(() => read(`${written}shared: /srv`), /unknown key 'shared'/);
  assert.throws(
    () => read(least.replace('platform: swarm', 'platform: toi')),
    /swarm, kubernetes, proxmox or toy, got 'toi'/,
  );
  assert.throws(() => registerPlatform({ ...toy }, 'yours.ts'), /yours.ts: there is a platform 'toy' already/);
});

test('an entry is sent as it is written, or refused', () => {
  const refused = (entry: string, expected: RegExp) =>
    assert.throws(
      () => read(least.replace('http://vip:8080', JSON.stringify(entry))),
      (error: Error) => {
        assert.match(error.message, /mine\.yaml:5:16: /, entry);
        assert.match(error.message, expected, entry);
        return true;
      },
    );
  for (const entry of ['http://user@vip', 'http://@vip:80', 'tcp://user@vip:80']) refused(entry, /no probe sends one/);
  for (const entry of ['http://vip:0', 'tcp://vip:0']) refused(entry, /expected a port of 1 to 65535/);
  refused('smb://ann@nas/data', /give it in `credentials`/);
  for (const entry of ['smb://nas', 'smb://nas/', 'smb://nas//data']) refused(entry, /expected a share/);
  refused('smb://nas/data?x', /smb:\/\/ has none/);
  for (const entry of ['tcp://vip:80/path', 'tcp://vip:80?x=1', 'tcp://vip:80/']) refused(entry, /tcp:\/\/ has none/);
  for (const entry of [
    'ftp://vip',
    'vip:8080',
    'http:vip',
    'http:/vip',
    'http:///vip',
    'http://vip/#there',
    'http://vip#',
    'http://vip/a b',
    ' http://vip',
    'http:\\\\vip',
    'http://vip:99999',
    'http://fd00::1:8080',
    'tcp://fd00::1:80',
    'tcp://vip',
  ]) {
    refused(entry, /expected a URL as users type it/);
  }
  for (const entry of ['http://[fd00::1]:8080/x?y=1', 'https://vip', 'tcp://[fd00::1]:80', 'smb://nas/data']) {
    assert.equal(read(least.replace('http://vip:8080', JSON.stringify(entry))).entry.vote, entry);
  }
});

test('`*` stands for entries and images that are not named, with what the workload says', () => {
  const any = (entry: string) => read(least.replace('{ vote: http://vip:8080 }', `{ '*': '${entry}' }`)).entry['*'];
  for (const entry of ['{protocol}://vip:{port}', 'http://vip:{port}/shop', 'tcp://vip:{port}'])
    assert.equal(any(entry), entry);
  assert.throws(() => any('{scheme}://vip:{port}'), /mine\.yaml:5:15: expected a URL/);
  assert.throws(() => read(least.replace('vip:8080', 'vip:{port}').replace('http', '"http').replace('} }', '}" }')));
  const { images } = read(`${least}images: { '*': 'mine/{workload}:1', tools: tools }`);
  assert.deepEqual(images, { '*': 'mine/{workload}:1', tools: 'tools' });
});
