import { statSync } from 'node:fs';
import { OperatorError } from '../units/operator-error.ts';

/**
 * Asked before a file is opened: a pipe would wait for its other end, and a device may have no end. Throws OperatorError for what is neither
 * a file nor a folder, and what the system says for what cannot be looked at.
 */
export function refuseIrregular(file: string): void {
  const stat = statSync(file);
  if (!stat.isFile() && !stat.isDirectory()) {
    throw new OperatorError(`${file} is not a regular file`, { hint: 'Find out who put a pipe or a device there.' });
  }
}
