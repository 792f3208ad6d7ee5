import path from 'node:path';

/**
 * What a file is called wherever things are told apart: its path from the project, which is the current folder. Two files never share it, and
 * it is the same in every checkout. A file beside the project has one too, `../shared/prod.yaml`; only one that has nothing in common with
 * it is called by its whole path, `/etc/brownout/prod.yaml`.
 *
 * @param project where the project was when the file was named: it may have been moved since, or have been on another machine
 */
export function projectPath(file: string, project = process.cwd()): string {
  const [from, to] = [project, path.resolve(project, file)];
  const top = (folder: string) => folder.split(path.sep)[1];
  return top(from) === top(to) ? path.relative(from, to).split(path.sep).join('/') : to;
}
