/** Processes of the suite that a try starts. */

import type { ChildProcess } from 'node:child_process';
import type { Project } from './bed.ts';

export interface Process {
  child: ChildProcess;
  output(): string;
  isRunning(): boolean;
  /** The exit code; null when a signal ended it. */
  ended: Promise<number | null>;
}

export function follow(child: ChildProcess): Process {
  let output = '';
  let isRunning = true;
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      isRunning = false;
      resolve(code);
    });
  });
  return { child, output: () => output, isRunning: () => isRunning, ended };
}

export async function command(
  project: Project,
  words: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const running = follow(project.spawn('cli/main.ts', words, env));
  return { code: await running.ended, output: running.output() };
}
