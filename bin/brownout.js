#!/usr/bin/env node
// Starts the command with a Node that can run it: this one if it is new enough, otherwise the one installed beside it.
// This file itself is read by whatever Node the machine has: no syntax and no API that an old one lacks.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { Socket } from 'node:net';
import { constants, homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** In the environment of a command that a launcher has started: by which of its descriptors it sees that the launcher is gone. */
const TIE = 'BROWNOUT_LAUNCHER_FD';
const TIE_FD = 3;

const UNKNOWN = 2;
const REFUSED = 3;

const self = fileURLToPath(import.meta.url);
const root = path.dirname(path.dirname(self));
const source = path.join(root, 'cli', 'main.ts');
// In a checkout the sources run as they are, also while it is being packed; the package has them compiled only.
const isCompiled = !existsSync(source);
const main = isCompiled ? path.join(root, 'dist', 'cli', 'main.js') : source;

if (isNewEnough()) await runHere();
else runElsewhere();

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18)) return false;
  return isCompiled || Boolean(process.features.typescript);
}

async function runHere() {
  // Node's own code for an error that nobody caught is 1, and 1 is the verdict that users suffered.
  process.on('uncaughtException', (error) => {
    explain(error);
    process.exit(UNKNOWN);
  });
  endWithLauncher();
  keepCompiled();
  try {
    // As a URL: in a path, `#`, `?` and `%` of a folder's name would be taken for parts of one.
    await import(pathToFileURL(main).href);
  } catch (error) {
    if (error?.code === 'ERR_MODULE_NOT_FOUND') refuse(error.message, `npm install, in ${root}`);
    else {
      explain(error);
      process.exitCode = UNKNOWN;
    }
  }
}

/** Whoever kills the launcher (-9) means the command: it is the process that they started, and the only one that they know. */
function endWithLauncher() {
  if (process.env[TIE] !== String(TIE_FD)) return;
  // Of those that it starts itself none has this launcher.
  delete process.env[TIE];
  try {
    const tie = new Socket({ fd: TIE_FD, readable: true, writable: false });
    const end = () => process.kill(process.pid, 'SIGKILL');
    tie.on('end', end).on('error', end).resume().unref();
  } catch {
    // Somebody else's variable of that name.
  }
}

/**
 * What Node compiles is kept for the next start: of this process, and of those that it starts (a prober starts in less than half
 * the time). Not where Node would keep it, below the folder of temporary files that everybody may write to: it is run.
 */
function keepCompiled() {
  try {
    const caches = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
    process.env.NODE_COMPILE_CACHE ||= path.join(caches, 'brownout', 'compiled');
    nodeModule.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  } catch {
    // A user without a home, as in some containers: nothing is lost but time.
  }
}

function explain(error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`brownout: ${text}\n  This is not supposed to happen. With BROWNOUT_DEBUG=1 the place is shown.`);
  if (process.env.BROWNOUT_DEBUG) console.error(error);
}

function runElsewhere() {
  const node = [
    path.join(root, 'node_modules', 'node', 'bin', 'node'),
    path.join(root, '..', 'node', 'bin', 'node'),
  ].find(
    // Itself again would be asked, and too old, for ever.
    (place) => existsSync(place) && realpathSync(place) !== realpathSync(process.execPath),
  );
  if (!node) {
    refuse(`Node 22.18 or newer is needed, and this is ${process.versions.node}.`, 'npm install node@24');
    return;
  }
  const words = process.argv.slice(2);
  // A shell in a lab needs its terminal. Everything else gets a session of its own: what a terminal, timeout(1) or a shell
  // that ends sends to the whole process group reaches the launcher alone, and the command is told once. Twice means
  // "leave everything as it is".
  const sharesTerminal = words[0] === 'lab' && words[1] === 'shell';
  const env = Object.assign({}, process.env, { [TIE]: String(TIE_FD) });
  const stdio = ['inherit', 'inherit', 'inherit', 'pipe'];
  const child = spawn(node, [self, ...words], { stdio, detached: !sharesTerminal, env });
  // What the command leaves running may have inherited the other end, and is not waited for.
  child.stdio[TIE_FD].on('error', () => {}).unref();
  // A terminal gives these to all who share it.
  const shared = sharesTerminal ? ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGWINCH'] : [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH']) {
    process.on(signal, () => {
      if (!shared.includes(signal)) child.kill(signal);
    });
  }
  child.on('error', (error) => refuse(`${node} cannot be started: ${error.message}`, 'npm install node@24'));
  child.on('exit', (code, signal) => {
    if (signal) {
      console.error(`brownout: it was ended by ${signal}.\n  What to do: brownout undo takes back what a run has left`);
    }
    // As shells tell it.
    process.exitCode = signal ? 128 + constants.signals[signal] : code;
  });
}

function refuse(message, whatToDo) {
  console.error(`brownout: ${message}\n  What to do: ${whatToDo}`);
  process.exitCode = REFUSED;
}
