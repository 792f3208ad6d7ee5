/** The name of a file's content: who changes it may say which one he has seen. */
import { createHash } from 'node:crypto';

export function digestOf(content: string): string {
  return createHash('sha1').update(content).digest('hex');
}
