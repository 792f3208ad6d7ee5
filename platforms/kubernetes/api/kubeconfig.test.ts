/** Every key of a kubeconfig that client-go knows: what becomes of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { OperatorError } from '../../../units/operator-error.ts';
import { Api } from './api.ts';
import { proxyFor } from './proxy.ts';
import { openReach } from './reach.ts';

const V1 = 'client.authentication.k8s.io/v1';

describe('what stands in a kubeconfig', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-kubeconfig-'));
  const path = join(folder, 'config');
  after(() => rmSync(folder, { recursive: true }));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o755 });
  put('ca', 'CA of the file');
  put('cert', 'certificate of the file');
  put('key', 'key of the file');
  put('token', 'token of the file\n');
  put(
    'plugin',
    `#!/bin/sh\necho "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"${V1}\\",\\"status\\":$STATUS}"`,
  );
  put(
    'curious',
    `#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" > ${folder}/info; STATUS='{"token":"t"}' exec ${folder}/plugin`,
  );

  const write = (user: object, cluster: object = {}, context: object = {}) =>
    writeFileSync(
      path,
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        preferences: {},
        'current-context': 'other',
        clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443', ...cluster } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
      }),
    );
  const open = () => openReach({ kubeconfig: path, context: 'x' });
  async function access(...given: [object, object?, object?]) {
    write(...given);
    const { agent, headers } = await open().access();
    const { ca, cert, key, servername, rejectUnauthorized } = (agent as unknown as { options: Record<string, unknown> })
      .options;
    const text = (value: unknown) => value?.toString();
    return { headers, ca: text(ca), cert: text(cert), key: text(key), servername, rejectUnauthorized, agent };
  }
  async function refusal(...given: [object, object?, object?]): Promise<string> {
    write(...given);
    try {
      await open().access();
    } catch (error) {
      assert.ok(error instanceof OperatorError, String(error));
      assert.doesNotMatch(`${error.message} ${error.hint}`, /hunter2/);
      return `${error.message} ${error.hint}`;
    }
    assert.fail('it was accepted');
  }
  const plugin = (status: string, more: object = {}) => ({
    exec: { apiVersion: V1, command: './plugin', env: [{ name: 'STATUS', value: status }], ...more },
  });
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

  const honoured: [string, [object, object?, object?], object][] = [
    ['nothing', [{}], { headers: {} }],
    ['token', [{ token: 'a' }], { headers: bearer('a') }],
    ['tokenFile, from the folder of the file', [{ tokenFile: 'token' }], { headers: bearer('token of the file') }],
    ['tokenFile before token', [{ tokenFile: 'token', token: 'a' }], { headers: bearer('token of the file') }],
    ['token where the tokenFile is away', [{ tokenFile: 'none', token: 'a' }], { headers: bearer('a') }],
    [
      'username, password',
      [{ username: 'a', password: 'b' }],
      { headers: { Authorization: `Basic ${base64('a:b')}` } },
    ],
    [
      'client-certificate, client-key',
      [{ 'client-certificate': 'cert', 'client-key': 'key' }],
      { cert: 'certificate of the file', key: 'key of the file' },
    ],
    [
      'client-certificate-data, client-key-data, which count before files',
      [
        {
          'client-certificate': 'cert',
          'client-certificate-data': base64('C'),
          'client-key': 'key',
          'client-key-data': base64('K'),
        },
      ],
      { cert: 'C', key: 'K' },
    ],
    ['certificate-authority', [{}, { 'certificate-authority': 'ca' }], { ca: 'CA of the file' }],
    [
      'certificate-authority-data',
      [{}, { 'certificate-authority': 'ca', 'certificate-authority-data': base64('A') }],
      { ca: 'A' },
    ],
    ['insecure-skip-tls-verify', [{}, { 'insecure-skip-tls-verify': true }], { rejectUnauthorized: false }],
    ['tls-server-name', [{}, { 'tls-server-name': 'n' }], { servername: 'n' }],
    ['disable-compression, which is never asked for', [{}, { 'disable-compression': true }], {}],
    ['extensions, a namespace', [{ extensions: [] }, { extensions: [] }, { namespace: 'n', extensions: [] }], {}],
    [
      'as and what belongs to it',
      [{ as: 'a', 'as-uid': '1', 'as-groups': ['g', 'h'], 'as-user-extra': { 'example.org/Ä': ['v', 'w'] } }],
      {
        headers: {
          'Impersonate-User': 'a',
          'Impersonate-Uid': '1',
          'Impersonate-Group': ['g', 'h'],
          'Impersonate-Extra-example.org%2F%C3%A4': ['v', 'w'],
        },
      },
    ],
    ['exec: a token', [plugin('{"token":"t"}')], { headers: bearer('t') }],
    ['exec: a certificate', [plugin('{"clientCertificateData":"C","clientKeyData":"K"}')], { cert: 'C', key: 'K' }],
  ];
  for (const [what, given, expected] of honoured) {
    it(`honours ${what}`, async () => {
      const { agent: _, ...found } = await access(...given);
      assert.deepEqual({ ...found, ...expected }, found);
    });
  }

  const refused: [string, [object, object?, object?], RegExp][] = [
    ['auth-provider', [{ 'auth-provider': { name: 'gcp' } }], /config:\d+:\d+: auth-provider is not offered .*exec/],
    [
      'another cluster key',
      [{}, { 'tls-servername': 'n' }],
      /config:\d+:\d+: tls-servername is not known did you mean 'tls-server-name'/,
    ],
    [
      'another user key',
      [{ 'token-file': 'token' }],
      /config:\d+:\d+: token-file is not known did you mean 'tokenFile'/,
    ],
    ['another context key', [{}, {}, { colour: 'red' }], /config:\d+:\d+: colour is not known/],
    ['another key of exec', [plugin('{}', { timeout: 3 })], /config:\d+:\d+: timeout is not known/],
    [
      'two ways',
      [{ token: 'hunter2', username: 'u', password: 'hunter2' }],
      /user 'u' has a token and username and password/,
    ],
    ['a plugin and a token', [{ ...plugin('{}'), token: 'hunter2' }], /user 'u' has a token and exec/],
    ['a certificate without its key', [{ 'client-certificate': 'cert' }], /client-certificate has no client-key/],
    ['a key without its certificate', [{ 'client-key': 'key' }], /client-key has no client-certificate/],
    ['a file that is not there', [{ 'client-certificate': 'none', 'client-key': 'key' }], /ENOENT.*none/],
    ['a token that is no text', [{ token: 12 }], /config:\d+:\d+: token is no text put it in quotes/],
    ['no token in its file', [{ tokenFile: 'none' }], /no credentials for .*ENOENT.*none/],
    ['groups of nobody', [{ 'as-groups': ['g'] }], /as-groups needs `as`/],
    ['groups that are no list', [{ as: 'a', 'as-groups': 'g' }], /as-groups is no list of texts/],
    [
      'verifying and not verifying',
      [{}, { 'insecure-skip-tls-verify': true, 'certificate-authority': 'ca' }],
      /insecure-skip-tls-verify excludes certificate-authority/,
    ],
    ['a proxy of another kind', [{}, { 'proxy-url': 'ftp://p' }], /config:\d+:\d+: proxy-url is no proxy/],
    ['another protocol', [{}, { server: 'api.example:6443' }], /config:\d+:\d+: server has no usable address/],
    [
      'an old plugin',
      [plugin('{}', { apiVersion: 'client.authentication.k8s.io/v1alpha1' })],
      /apiVersion is not offered/,
    ],
    ['a plugin that asks', [plugin('{}', { interactiveMode: 'Always' })], /interactiveMode is Always/],
    [
      'a plugin that is not there',
      [plugin('{}', { command: 'no-such', installHint: 'get it' })],
      /no such program get it/,
    ],
    ['a plugin that says nothing', [plugin('{}')], /neither a token nor a certificate/],
    ['half a certificate of a plugin', [plugin('{"clientCertificateData":"C"}')], /without the other/],
    ['words of a plugin', [{ exec: { apiVersion: V1, command: 'echo', args: ['hunter2'] } }], /is no JSON/],
    ['another kind of answer', [{ exec: { apiVersion: V1, command: 'echo', args: ['{}'] } }], /no ExecCredential/],
  ];
  for (const [what, given, expected] of refused) {
    it(`refuses ${what}`, async () => assert.match(await refusal(...given), expected));
  }

  it('reads a token anew that was rotated in its file', async () => {
    write({ tokenFile: 'token' });
    const reach = open();
    put('token', 'first');
    assert.deepEqual((await reach.access()).headers, bearer('first'));
    put('token', 'second');
    assert.deepEqual((await reach.access()).headers, bearer('second'));
  });

  it('keeps its connections while its certificates are the same', async () => {
    write({ 'client-certificate': 'cert', 'client-key': 'key' });
    const reach = open();
    const { agent } = await reach.access();
    assert.equal((await reach.access()).agent, agent);
    put('cert', 'renewed');
    assert.notEqual((await reach.access()).agent, agent);
  });

  it('asks a plugin again when what it said has expired', async () => {
    const counting = (expires: string) => {
      put('count', '');
      put(
        'counting',
        `#!/bin/sh\necho x >> ${folder}/count; STATUS="{\\"token\\":\\"$(wc -l < ${folder}/count)\\"${expires}}" exec ${folder}/plugin`,
      );
      write({ exec: { apiVersion: V1, command: './counting' } });
    };
    const twice = async () => {
      const reach = open();
      await reach.access();
      return (await reach.access()).headers;
    };
    counting('');
    assert.deepEqual(await twice(), bearer('1'));
    counting(',\\"expirationTimestamp\\":\\"2020-01-01T00:00:00Z\\"');
    assert.deepEqual(await twice(), bearer('2'));
  });

  it('tells a plugin what client-go tells it', async () => {
    const told = async (more: object) => {
      await access({ exec: { apiVersion: V1, command: './curious', ...more } }, { 'tls-server-name': 'n' });
      return JSON.parse(readFileSync(join(folder, 'info'), 'utf8'));
    };
    const plain = { kind: 'ExecCredential', apiVersion: V1, spec: { interactive: false } };
    assert.deepEqual(await told({ interactiveMode: 'IfAvailable' }), plain);
    const { cluster } = (await told({ provideClusterInfo: true })).spec;
    assert.deepEqual(cluster, {
      server: 'https://api.example:6443',
      'insecure-skip-tls-verify': false,
      'tls-server-name': 'n',
    });
  });

  it('goes through proxy-url', async () => {
    const asked: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url!);
      socket.end('HTTP/1.1 403 no\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    write({ token: 'a' }, { 'proxy-url': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    const api = new Api(open());
    await assert.rejects(api.get('/x', { patience: 0 }), /does not answer/);
    api.close();
    proxy.close();
    assert.deepEqual(asked, ['api.example:6443']);
  });
});

it('the environment names a proxy as for every program in Go', () => {
  const of = (server: string, env: NodeJS.ProcessEnv) => proxyFor(new URL(server), env);
  const p = 'http://p:3128';
  for (const [server, env, expected] of [
    ['https://api.example', { HTTPS_PROXY: p }, p],
    ['https://api.example', { https_proxy: 'p:3128' }, p],
    ['https://api.example', { HTTP_PROXY: p }, undefined],
    ['http://api.example', { HTTP_PROXY: p }, p],
    ['https://api.example', { HTTPS_PROXY: 'socks5://p' }, 'socks5://p'],
    ['https://api.example', { HTTPS_PROXY: '' }, undefined],
    ['https://localhost:6443', { HTTPS_PROXY: p }, undefined],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: p }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: p }, undefined],
    ...(
      [
        ['example', true],
        ['.example', true],
        ['*.example', true],
        ['api.example', true],
        ['.api.example', false],
        ['ample', false],
        ['other, api.example:6443', true],
        ['api.example:443', false],
        ['*', true],
        ['10.0.0.0/8', false],
      ] as const
    ).map(
      ([no, exempt]) => ['https://api.example:6443', { HTTPS_PROXY: p, NO_PROXY: no }, exempt ? undefined : p] as const,
    ),
    ['https://10.1.2.3', { HTTPS_PROXY: p, no_proxy: '10.0.0.0/8' }, undefined],
    ['https://10.1.2.3', { HTTPS_PROXY: p, no_proxy: '10.1.2.3:443' }, undefined],
    ['https://11.1.2.3', { HTTPS_PROXY: p, no_proxy: '10.0.0.0/8,nonsense/99' }, p],
    ['https://[fd00::1]', { HTTPS_PROXY: p, no_proxy: 'fd00::/8' }, undefined],
  ] as const) {
    assert.equal(of(server, env), expected, `${server} ${JSON.stringify(env)}`);
  }
  assert.throws(
    () => of('https://api.example', { HTTPS_PROXY: 'ftp://u:hunter2@p' }),
    /HTTPS_PROXY of the environment is no proxy$/,
  );
});
