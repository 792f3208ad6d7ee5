import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asPart, type Compose } from './compose.ts';

/**
 * The stack file with each secret whose content it says itself (`x-content`) in a file of its own in `folder`, which is the caller's to
 * remove. Docker's command line takes secrets from files only, and a workload's must not lie on a disk for longer than that.
 */
export async function withSecretFiles(compose: Compose, folder: string): Promise<Compose> {
  if (!compose.secrets) return compose;
  const secrets = Object.entries(compose.secrets).map(async ([name, secret]) => {
    const { 'x-content': content, ...rest } = asPart(secret);
    if (content === undefined) return [name, secret] as const;
    const file = join(folder, `secret-${name}`);
    // As Docker reads a `$` in a stack file.
    await writeFile(file, String(content).replaceAll('$$', '$'), { mode: 0o600 });
    return [name, { ...rest, file }] as const;
  });
  return { ...compose, secrets: Object.fromEntries(await Promise.all(secrets)) };
}
