/** What CI systems are given (action.yml, ci/gitlab.yml, ci/job.yaml): its shell lines are run on the cluster of examples/, without a lab. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { execa } from 'execa';
import { parse as parseJunit } from 'junit2json';
import { validateXML } from 'xmllint-wasm';
import { parse } from 'yaml';
import { copyExamples } from '../brownout.ts';
import { killTree } from '../processes.ts';
import { until } from '../until.ts';

const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'brownout-ci-'));
after(() => rmSync(home, { recursive: true, force: true }));
let project = '';
beforeEach(() => {
  project = mkdtempSync(join(home, 'project '));
  copyExamples(project);
});

const yaml = (file: string) => parse(readFileSync(join(root, file), 'utf8'));

interface Step {
  id: string;
  if?: string;
  env: Record<string, string>;
  run: string;
}

interface Done {
  outputs: Record<string, Record<string, string>>;
  /** Of the action. */
  own: Record<string, string>;
  /** The exit code of each step, by its id. */
  codes: Record<string, number>;
  summary: string;
}

/** Does what GitHub does with a composite action whose steps are all shell. `meanwhile` gets the process of each step. */
async function act(
  inputs: Record<string, string>,
  meanwhile?: (step: string, pid: number) => Promise<void>,
): Promise<Done> {
  const action = yaml('action.yml');
  const done: Done = { outputs: {}, own: {}, codes: {}, summary: '' };
  const value = (text: string) =>
    text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, path: string) => {
      const [kind, name, , output] = path.split('.') as [string, string, string, string];
      return (kind === 'inputs' ? inputs[name] : done.outputs[name]?.[output]) ?? '';
    });
  for (const step of action.runs.steps as Step[]) {
    if (Object.values(done.codes).some((code) => code !== 0) && !step.if?.includes('always()')) continue;
    const [script, output, summary] = ['sh', 'output', 'summary'].map((name) => join(home, `${step.id}.${name}`)) as [
      string,
      string,
      string,
    ];
    writeFileSync(script, step.run);
    for (const file of [output, summary]) writeFileSync(file, '');
    const env = Object.fromEntries(Object.entries(step.env).map(([key, text]) => [key, value(text)]));
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: project,
      env: { ...process.env, ...env, GITHUB_ACTION_PATH: root, GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 137)));
    await Promise.all([ended, meanwhile?.(step.id, child.pid!)]);
    done.codes[step.id] = await ended;
    const lines = readFileSync(output, 'utf8').split('\n').filter(Boolean);
    done.outputs[step.id] = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
    done.summary += readFileSync(summary, 'utf8');
  }
  done.own = Object.fromEntries(
    Object.entries<{ value: string }>(action.outputs).map(([name, output]) => [name, value(output.value)]),
  );
  return done;
}

/** The file is valid, and its cases are red if and only if the exit code is. */
async function assertJunit(file: string, code: number): Promise<void> {
  const contents = readFileSync(file, 'utf8');
  const schema = { fileName: 'junit.xsd', contents: readFileSync(join(root, 'tests/data/junit.xsd'), 'utf8') };
  const { valid, errors } = await validateXML({ xml: { fileName: 'junit.xml', contents }, schema });
  assert.ok(valid, errors.map(({ message }) => message).join('\n'));
  const read = await parseJunit(contents);
  assert.ok(read && 'testsuite' in read);
  assert.equal(Number(read.failures) + Number(read.errors) > 0, code !== 0, contents);
}

const words: Record<number, string> = { 0: 'pass', 1: 'fail', 2: 'unknown' };

test('the action: its outputs, its page, its files; green only by the verdict', async () => {
  const { own, codes, summary } = await act({ scenario: 'scenarios/stopped.yaml\n', cluster: 'clusters/toy.yaml\n' });
  const code = Number(own['exit-code']);
  // A busy computer may make it something else than what it is; then all of them say so.
  assert.deepEqual(codes, { run: 0, undo: 0, gate: code });
  assert.equal(own.verdict, words[code]);
  assert.ok(existsSync(join(project, own.report!)), own.report);
  assert.equal(summary, readFileSync(join(project, '.brownout/summary.md'), 'utf8'));
  assert.match(summary, /A stopped server leaves half of the users waiting/);
  await assertJunit(join(project, '.brownout/junit.xml'), code);
});

test('the action: what a killed run leaves is undone, and nothing is known', async () => {
  const toy = join(project, '.toy');
  const { own, codes } = await act({ scenario: 'scenarios', cluster: 'clusters/toy.yaml' }, async (step, pid) => {
    if (step !== 'run') return;
    const isDeployed = () => existsSync(toy) && readdirSync(toy).some((name) => name.startsWith('brownout-hello-'));
    await until('the workload is being deployed', isDeployed).finally(() => killTree(pid));
  });
  assert.deepEqual(codes, { run: 137, undo: 0, gate: 2 });
  assert.deepEqual(own, { verdict: 'unknown', 'exit-code': '2', report: '' });
  assert.ok(!existsSync(toy) || readdirSync(toy).every((name) => !name.startsWith('brownout-')));
  await assertJunit(join(project, '.brownout/junit.xml'), 2);
});

test('the action: what is wrong in a file is refused, and no file’s name is a command', async () => {
  const evil = '$(touch touched); touch touched #.yaml';
  writeFileSync(join(project, evil), 'title: x\n');
  const { own, codes, summary } = await act({ scenario: evil, cluster: 'clusters/toy.yaml' });
  assert.deepEqual(codes, { run: 0, undo: 0, gate: 3 });
  assert.equal(own.verdict, 'refused');
  assert.match(summary, /^# brownout: refused/);
  assert.ok(!existsSync(join(project, 'touched')));
  await assertJunit(join(project, '.brownout/junit.xml'), 3);
});

/** `brownout` on a PATH. */
function withCommand(): string {
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'bin/brownout'), `#!/bin/sh\nexec '${join(root, 'bin/brownout')}' "$@"\n`, { mode: 0o755 });
  return `${join(home, 'bin')}:${process.env.PATH}`;
}

test('the template for GitLab: a job that is red, the files that it names, an undo after it', async () => {
  const job = yaml('ci/gitlab.yml')['.brownout'];
  const shell = (lines: string[]) =>
    execa('sh', ['-ec', lines.join('\n')], {
      cwd: project,
      reject: false,
      env: {
        ...job.variables,
        SCENARIO: 'missing.yaml',
        CLUSTER: 'clusters/toy.yaml',
        PATH: withCommand(),
      },
    });
  assert.equal((await shell(job.script)).exitCode, 3);
  await assertJunit(join(project, job.artifacts.reports.junit), 3);
  assert.ok(job.artifacts.paths.includes('.brownout/summary.md'));
  const { exitCode, stdout } = await shell(job.after_script);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^Nothing to undo\.$/);
});

test('the Job has the account that the generated role is for', async () => {
  const file = join(project, 'inside.yaml');
  writeFileSync(
    file,
    'platform: kubernetes\nreach: { in-cluster: true }\nallow: { nodes: ["*"], namespaces: ["brownout-*"] }\n' +
      'entry: { "*": "http://192.0.2.1:{port}" }\npower: { command: { off: "off {node}", on: "on {node}", state: "state {node}" } }\n',
  );
  const words = ['plan', 'scenarios/voting/node-kill.yaml', '--cluster', file, '--rights'];
  const { stdout } = await execa(process.execPath, [join(root, 'cli/main.ts'), ...words], { cwd: root });
  const account = stdout
    .split('---\n')
    .map((text) => parse(text))
    .find(({ kind }) => kind === 'ServiceAccount');
  const job = yaml('ci/job.yaml');
  const { template } = job.spec;
  assert.equal(job.metadata.namespace, account.metadata.namespace);
  assert.equal(template.spec.serviceAccountName, account.metadata.name);
  const [container] = template.spec.containers;
  assert.equal(container.env[0].name, 'NODE_NAME');
  assert.equal(container.env[0].valueFrom.fieldRef.fieldPath, 'spec.nodeName');
  await execa('sh', ['-n', '-c', container.args[0]]);
});

test('the Job: a pod that is asked to end heals and cleans up, and its code is that of the run', async () => {
  const [{ args }] = yaml('ci/job.yaml').spec.template.spec.containers;
  const script = args[0]
    .replaceAll('/files/scenarios/', 'scenarios/')
    .replaceAll('/files/cluster/cluster.yaml', 'clusters/toy.yaml');
  assert.doesNotMatch(script, /\/files/);
  mkdirSync(join(project, '.brownout'), { mode: 0o700 });
  const shell = execa('sh', ['-c', script], {
    cwd: project,
    reject: false,
    env: { PATH: withCommand() },
    forceKillAfterDelay: false,
  });
  const toy = join(project, '.toy');
  const isDeployed = () => existsSync(toy) && readdirSync(toy).some((name) => name.startsWith('brownout-hello-'));
  await until('the workload is being deployed', isDeployed).finally(() => shell.kill('SIGTERM'));
  const { exitCode, stdout, stderr } = await shell;
  assert.match(stdout, /interrupted: healing and cleaning up/, stderr);
  assert.match(stdout, /Nothing to undo\.\n# brownout: unknown/);
  assert.equal(exitCode, 2);
  assert.ok(!existsSync(toy) || readdirSync(toy).every((name) => !name.startsWith('brownout-')));
});
