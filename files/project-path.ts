import path from 'node:path';

/**
 * What a file is called wherever things are told apart: its path from the project, which is the current folder. Two files never share it, and
 * it is the same in every checkout. A file beside the project has one too, `../shared/prod.yaml`; only one that has nothing in common with
 * it is called by its whole path, `/etc/brownout/prod.yaml`.
 */
export function projectPath(file: string): string {
  const [from, to] = [process.cwd(), path.resolve(file)];
  const top = (folder: string) => folder.split(path.sep)[1];
  return top(from) === top(to) ? path.relative(from, to).split(path.sep).join('/') : to;
}
