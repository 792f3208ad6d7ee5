#!/usr/bin/env node
// Starts the command with a Node that can run it: this one if it is new enough, otherwise the one installed beside it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname));
const compiled = path.join(root, 'dist', 'cli', 'main.js');
// In a checkout the sources run as they are; the package carries them compiled.
const main = existsSync(compiled) ? compiled : path.join(root, 'cli', 'main.ts');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  await import(main);
} else {
  const places = [path.join(root, 'node_modules', 'node', 'bin', 'node'), path.join(root, '..', 'node', 'bin', 'node')];
  const node = places.find((place) => existsSync(place));
  if (node) {
    const { status } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
  } else {
    console.error(
      `brownout needs Node 22.18 or newer, and this is ${process.versions.node}. What to do: npm install node@24`,
    );
    process.exitCode = 3;
  }
}
