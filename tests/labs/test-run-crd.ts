/** The schema of k6-operator's TestRun. It is not ours, and not in the project: tests that need it are skipped where it is not at hand. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const file =
  process.env.BROWNOUT_TEST_TESTRUN_CRD ??
  path.join(import.meta.dirname, '../../../shared/vectors/k6-operator/testruns-crd.json');

/** Why a test is skipped; false where it is not. */
export const withoutCrd: string | false = existsSync(file)
  ? false
  : `no CRD of k6-operator at ${file}: name one by BROWNOUT_TEST_TESTRUN_CRD`;

export interface Schema {
  type?: string;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

interface Crd {
  metadata: { name: string };
  spec: { versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

export const readCrd = (): Crd => JSON.parse(readFileSync(file, 'utf8'));
