import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const bin = path.join(path.dirname(import.meta.dirname), 'cli', 'main.ts');

/** The command of this checkout while it runs. */
export interface Running {
  child: ChildProcess;
  output(): string;
  /** Resolves when the text appears; rejects when the command ends before. */
  says(text: RegExp): Promise<void>;
  ended: Promise<number>;
}

/** Starts the command in the folder of a project. */
export function startBrownout(project: string, ...words: string[]): Running {
  return start(project, {}, words);
}

/** The same, and whatever it starts, twenty times as fast by their own clocks: what it waits for in vain is over in seconds. */
export function hurriedBrownout(project: string, ...words: string[]): Running {
  return start(project, { NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'hurried.ts')}` }, words);
}

function start(project: string, env: Record<string, string>, words: string[]): Running {
  const child = spawn(process.execPath, [bin, ...words], {
    cwd: project,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let check = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      check();
    });
  }
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return {
    child,
    output: () => output,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        check = () => text.test(output) && resolve();
        check();
        ended.then((code) => reject(new Error(`ended with ${code} and never said ${text}:\n${output}`)));
      }),
  };
}

const examples = path.join(path.dirname(import.meta.dirname), 'examples');

const EXAMPLES_PORT = '18087';
/** Another for each file of tests, so that no toy answers for that of a test which runs at the same time. */
const PORT = String(20_000 + (process.pid % 10_000));

/** The project of examples/, made anew in a folder: the suite's own toy cluster, and what brings it. */
export function copyExamples(project: string, leftOut: string[] = []): void {
  const not = ['.brownout', '.toy', ...leftOut];
  cpSync(examples, project, { recursive: true, filter: (source) => !not.includes(path.basename(source)) });
  for (const file of ['fixtures/hello/workload.ts', 'clusters/toy.yaml']) {
    const copy = path.join(project, file);
    if (!existsSync(copy)) continue;
    const text = readFileSync(copy, 'utf8');
    writeFileSync(copy, text.replace(EXAMPLES_PORT, PORT));
  }
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'mine', private: true, type: 'module' }));
}
