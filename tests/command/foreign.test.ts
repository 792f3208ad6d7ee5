/** What others say, in the commands themselves: a fence agent, an API, a Docker engine and a recording that mean ill, and repeat secrets. */
import assert from 'node:assert/strict';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { copyExamples, startBrownout } from '../brownout.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = mkdtempSync(path.join(os.tmpdir(), 'brownout-foreign-'));
const TOKEN = 'eyJhbGciOi.JSUzI1NiIs/ImtpZCI6+Ik5';
const PASSWORD = 'p4ss"w<rd & more';
/** Window title, clipboard, clear screen, a forged line, C1, bidi, hidden text and tags. */
const EVIL =
  '\u001b]0;owned\u0007\u001b]52;c;cm0=\u0007\u001b[2J\nundone      power.on n9\r\u009b8m\u202e\u200b\u{e0041}';
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these
const UNSEEN_IN_PAGES = /[\u001b\u009b\u202e\u200b]/;
const UNSEEN = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

// As on most machines; what is written by whoever it be is still for its owner alone.
process.umask(0o022);

before(() => {
  copyExamples(project);
  mkdirSync(path.join(project, 'node_modules'));
  symlinkSync(root, path.join(project, 'node_modules', 'brownout'));
});
after(() => rmSync(project, { recursive: true, force: true }));

async function brownout(...words: string[]): Promise<{ code: number; text: string }> {
  const running = startBrownout(project, ...words);
  return { code: await running.ended, text: running.output() };
}

/** Neither steers a terminal, nor forges a line, nor tells a secret, nor goes on without end. */
function assertHarmless(text: string, ...secrets: string[]): void {
  const unseen = UNSEEN.exec(text);
  assert.equal(unseen && text.slice(Math.max(0, unseen.index - 80), unseen.index + 20), null);
  assert.doesNotMatch(text, /^undone +power\.on n9/m);
  for (const secret of secrets) assertSecret(text, secret);
  assert.ok(text.length < 40_000, `${text.length} characters`);
}

function assertSecret(text: string, secret: string): void {
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
  for (const form of forms) assert.ok(!text.includes(form), `${form} is told`);
}

test('a fence agent that repeats its password and forges lines: nothing of it in the terminal, and in no file', async () => {
  const bin = path.join(project, 'sbin');
  mkdirSync(bin);
  const said = path.join(bin, 'said');
  writeFileSync(said, `login ${PASSWORD} ${Buffer.from(`ops:${PASSWORD}`).toString('base64')} refused ${EVIL}`);
  const parameters = ['action', 'password', 'plug'].map(
    (name) => `<parameter name="${name}"><content type="string"/></parameter>`,
  );
  const agent = `#!/bin/sh
case "$(cat)" in
*action=metadata*) echo '<resource-agent>${parameters.join('')}</resource-agent>' ;;
*action=off*) cat ${said} >&2; exit 1 ;;
esac
`;
  writeFileSync(path.join(bin, 'fence_evil'), agent, { mode: 0o755 });
  const cluster = readFileSync(path.join(project, 'clusters', 'toy.yaml'), 'utf8');
  writeFileSync(
    path.join(project, 'clusters', 'fenced.yaml'),
    `${cluster}power: { agent: fence_evil, options: { password: env:EVIL_PASSWORD } }\n`,
  );
  const scenario = readFileSync(path.join(project, 'scenarios', 'killed.yaml'), 'utf8')
    .replace(/ {2}- member-kill.*/, '  - node-kill: { node: { running: web }, hold: 5s }')
    .replace('every: 50ms', 'every: 200ms');
  writeFileSync(path.join(project, 'scenarios', 'fenced.yaml'), scenario);
  process.env.EVIL_PASSWORD = PASSWORD;
  process.env.PATH = `${bin}:${process.env.PATH}`;

  const { code, text } = await brownout('run', 'scenarios/fenced.yaml', '--cluster', 'clusters/fenced.yaml');
  assert.match(text, /fence_evil action=off for n\d failed \(exit 1\)/);
  assert.equal(code, 2, text);
  assertHarmless(text, PASSWORD);
  const written = globSync('.brownout/**', { cwd: project, withFileTypes: true });
  for (const name of [
    'events.jsonl',
    'samples.bin',
    'journal.jsonl',
    'run.json',
    'before.json',
    'findings.json',
    'report.html',
  ])
    assert.ok(
      written.some((each) => each.name === name),
      `${name} is written`,
    );
  assert.ok(
    written.some(({ name }) => name.endsWith('-result.json')),
    "Allure's results are written",
  );
  assert.ok(
    written.some(({ parentPath }) => parentPath.includes('allure-report')),
    "Allure's report is written",
  );
  for (const each of written) {
    const file = path.join(each.parentPath, each.name);
    const mode = (statSync(file).mode & 0o777).toString(8);
    assert.equal(mode, each.isDirectory() ? '700' : '600', file);
    if (each.isDirectory()) continue;
    const bytes = readFileSync(file, 'utf8');
    assertSecret(bytes, PASSWORD);
    if (/\.(html|csv|svg)$/.test(file) && !file.includes('allure-report'))
      assert.doesNotMatch(bytes, UNSEEN_IN_PAGES, file);
  }
  const undo = await brownout('undo');
  assert.equal(undo.code, 0, undo.text);
});

test('a recording that comes from elsewhere', async () => {
  const [run] = globSync('.brownout/runs/*', { cwd: project });
  for (const name of ['run.json', 'events.jsonl', 'findings.json']) {
    const file = path.join(project, run!, name);
    const evil = JSON.stringify(EVIL).slice(1, -1);
    const text = readFileSync(file, 'utf8').replaceAll(
      /"(title|text|message|observed|name|service)":( ?)"/g,
      `"$1":$2"${evil}`,
    );
    writeFileSync(file, text);
  }
  cpSync(path.join(project, run!), path.join(project, `${run}2`), { recursive: true });
  const second = path.join(project, `${run}2`, 'run.json');
  writeFileSync(second, readFileSync(second, 'utf8').replace(/"id": "(.*)"/, '"id": "$12"'));
  for (const words of [
    ['runs'],
    ['runs', '--json'],
    ['report', run!],
    ['report', run!, '--json'],
    ['judge', run!],
    ['compare', run!, `${run}2`],
    ['compare', run!, `${run}2`, '--markdown'],
    ['compare', run!, `${run}2`, '--html', 'compared.html'],
    ['undo'],
  ]) {
    const { text } = await brownout(...words);
    assert.doesNotMatch(text, /not supposed to happen/);
    const unseen = UNSEEN.exec(text);
    assert.equal(unseen && text.slice(Math.max(0, unseen.index - 80), unseen.index + 20), null, words.join(' '));
    assert.doesNotMatch(text, /^undone +power\.on n9/m, words.join(' '));
  }
  for (const page of ['compared.html', path.join(run!, 'report.html')])
    assert.doesNotMatch(readFileSync(path.join(project, page), 'utf8'), UNSEEN_IN_PAGES);
});

async function serving(listener: RequestListener): Promise<{ port: number; [Symbol.dispose](): void }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

for (const [what, body] of Object.entries({
  'as Status': (sent: string) => JSON.stringify({ kind: 'Status', message: `you sent ${sent} ${EVIL}`, reason: EVIL }),
  // What is told of it ends in the middle of the token.
  'as a page of a proxy': (sent: string) =>
    `<html>${EVIL}<p>${'.'.repeat(975 - EVIL.length)} ${sent} ${encodeURIComponent(sent)}${'.'.repeat(1_000_000)}`,
})) {
  test(`a Kubernetes API that repeats the token, ${what}`, async () => {
    using api = await serving((request, response) => {
      response
        .writeHead(request.url!.includes('leases') ? 409 : 403)
        .end(body(request.headers.authorization ?? 'nothing'));
    });
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${api.port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: TOKEN } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(path.join(project, 'kubeconfig'), JSON.stringify(kubeconfig));
    writeFileSync(
      path.join(project, 'clusters', 'kube.yaml'),
      'platform: kubernetes\nreach: { kubeconfig: ../kubeconfig, context: x }\nallow: { nodes: ["*"], namespaces: ["brownout-*"] }\nentry: { hello: "http://127.0.0.1:9" }\n',
    );
    const scenario = path.join(root, 'scenarios/voting/member-kill.yaml');
    const cluster = path.join(project, 'clusters', 'kube.yaml');
    writeFileSync(
      cluster,
      readFileSync(cluster, 'utf8').replace(
        'hello: "http://127.0.0.1:9"',
        'vote: "http://127.0.0.1:9", result: "http://127.0.0.1:9"',
      ),
    );
    for (const words of [
      ['plan', scenario, '-c', cluster],
      ['plan', scenario, '-c', cluster, '--json'],
      ['run', scenario, '-c', cluster],
      ['undo', '--cluster', cluster],
    ]) {
      const { code, text } = await brownout(...words);
      assert.match(text, /•••/, words.join(' '));
      assert.notEqual(code, 0);
      assertHarmless(text, TOKEN, TOKEN.slice(0, 20));
    }
    for (const file of globSync('.brownout/**', { cwd: project, withFileTypes: true }))
      if (file.isFile()) assertSecret(readFileSync(path.join(file.parentPath, file.name), 'utf8'), TOKEN);
  });
}

test('a Docker API whose errors mean ill', async () => {
  using api = await serving((_, response) => {
    response
      .writeHead(500, { 'content-type': 'application/json' })
      .end(JSON.stringify({ message: EVIL + 'x'.repeat(1_000_000) }));
  });
  const cluster = path.join(project, 'clusters', 'docker.yaml');
  writeFileSync(
    cluster,
    `platform: swarm\nreach: { hosts: ["tcp://127.0.0.1:${api.port}"] }\nallow: { nodes: ["*"], namespaces: ["brownout-*"] }\nentry: { vote: "http://127.0.0.1:9", result: "http://127.0.0.1:9" }\n`,
  );
  const scenario = path.join(root, 'scenarios/voting/member-kill.yaml');
  for (const words of [
    ['plan', scenario, '-c', cluster],
    ['run', scenario, '-c', cluster],
    ['undo', '--cluster', cluster],
  ]) {
    const { code, text } = await brownout(...words);
    assert.notEqual(code, 0);
    assert.match(text, /\\x1b\]0;owned/, words.join(' '));
    assertHarmless(text);
  }
});
