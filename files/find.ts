import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { FileError } from './diagnostic.ts';

/**
 * The YAML files that paths stand for: a file for itself, a folder for every `*.yaml` and `*.yml` in it, however
 * deep. Each once, however it is spelled, those of a folder sorted. A file that does not exist is kept: reading it says so, with a hint.
 * Throws FileError for a folder that has none.
 */
export function findYaml(paths: readonly string[]): string[] {
  const found = paths.flatMap((each) => (isFolder(each) ? yamlIn(each) : [path.normalize(each)]));
  return once(found);
}

/** Each file once, as it was spelled first. */
export function once(files: readonly string[]): string[] {
  return [...Map.groupBy(files, (file) => path.resolve(file)).values()].map(([first]) => first!);
}

function isFolder(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    // Whatever is wrong with it, reading it says so.
    return false;
  }
}

function yamlIn(folder: string): string[] {
  const found = yamlBelow(folder);
  if (found.length === 0) {
    throw new FileError([{ file: folder, line: 1, column: 1, message: 'no *.yaml file in this folder' }]);
  }
  return found;
}

/** Folders that are hidden, those of packages, and links to folders, which may lead anywhere, are not looked into. */
function yamlBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (!entry.isDirectory()) return /\.ya?ml$/.test(entry.name) ? [file] : [];
      return /^(node_modules|\..*)$/.test(entry.name) ? [] : yamlBelow(file);
    });
}
