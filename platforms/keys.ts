/** What the keys of cluster files are made of: those that every file has, and those of one platform. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { isReference, tellingSecrets } from '../files/secret.ts';

/** Refuses text that gives a secret away, before anything else can complain about it. */
export function refuseSecrets(text: string, context: z.core.$RefinementCtx<string>): void {
  if (tellingSecrets(text).length === 0) return;
  const params = { hint: 'secrets stay out of cluster files: use the environment or a file' };
  context.addIssue({ code: 'custom', message: 'a secret stands here as a value', params, continue: false });
}

export const REFERENCE_HINT = 'give a reference: env:NAME, file:PATH or command:COMMAND';

/** A secret, as a file gives it: where it is kept. */
export const reference = z.string({ error: 'expected a reference to a secret' }).superRefine((text, context) => {
  if (isReference(text)) return;
  const params = { hint: REFERENCE_HINT };
  context.addIssue({ code: 'custom', message: 'a secret stands here as a value', params });
});

/** A URL without blanks, password and fragment, which no address here has. */
export function parseUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url && !/[\s#\\]/.test(text) && url.password === '' ? url : undefined;
}

export const path = z.string({ error: 'expected a path' }).min(1, { error: 'expected a path' });

/** A path as people write it, with `~` for their home, meant from this folder. */
export const pathFrom = (folder: string, file: string) => resolve(folder, file.replace(/^~(?=\/)/, homedir()));

/** A reference whose path, if it has one, is meant from this folder. */
export const referenceFrom = (folder: string, text: string) =>
  text.startsWith('file:') ? `file:${pathFrom(folder, text.slice('file:'.length))}` : text;

export const name = z.string().regex(/^[a-z][a-z0-9-]*$/i, { error: 'expected a plain name' });

const ONE_LINE = 'expected one line of text';
export const line = z.string({ error: ONE_LINE }).regex(/^[^\r\n]+$/, { error: ONE_LINE });
