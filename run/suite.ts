import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder of the suite's own package: the checkout, or node_modules/brownout. */
export function suiteRoot(): string {
  let dir = import.meta.dirname;
  while (!existsSync(path.join(dir, 'package.json'))) dir = path.dirname(dir);
  return dir;
}

export function suiteVersion(): string {
  return JSON.parse(readFileSync(path.join(suiteRoot(), 'package.json'), 'utf8')).version;
}
