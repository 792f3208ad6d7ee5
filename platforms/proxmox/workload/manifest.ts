/** A workload on guests: one declarative file a variant. */
import { parse } from 'yaml';
import { z } from 'zod';
import { OperatorError } from '../../../units/operator-error.ts';

const GROUP =
  'HA groups are rules since PVE 9, and are named nowhere here: `apart: true` keeps guests apart on any version';

const ha = z.strictObject({
  'max-restart': z.int().min(0).max(10).default(1),
  'max-relocate': z.int().min(0).max(10).default(1),
  /** Back to the preferred node once that is there again. */
  failback: z.boolean().default(true),
  group: z.undefined({ error: GROUP }).optional(),
});

const NAME = z.string().regex(/^[a-z][a-z0-9-]*$/);

const part = z.strictObject({
  environment: z.record(z.string().regex(/^\w+$/), z.string()).default({}),
  /** What is started at each boot, as root. */
  start: z.array(z.string()).min(1),
  /** Seconds until it is started again when it has ended; it stays ended when not given. */
  restart: z.number().min(0).optional(),
});

const guest = z.strictObject({
  /** How many of it. */
  count: z.int().min(1).max(100).default(1),
  cores: z.int().min(1).max(128).default(1),
  /** Of processor time, in processors; 0: no limit. */
  cpulimit: z.number().min(0).max(128).default(0),
  /** MiB. */
  memory: z.int().min(64),
  /** The most that its disk does a second, both ways together: requests, and MB. */
  disk: z.strictObject({ iops: z.int().min(10), mbps: z.number().min(1) }).optional(),
  /** The most that its card sends a second, and the most that it receives, MB. */
  rate: z.number().positive().optional(),
  /** Where it is; anywhere when not given. */
  node: z.string().optional(),
  /** A folder on the suite's machine, and where it goes in the guest. */
  files: z.strictObject({ from: z.string(), to: z.string().regex(/^\/[\w./-]+$/) }).optional(),
  /** The services that it plays, by their names; several in one guest live and die together. */
  parts: z.record(NAME, part).refine((parts) => Object.keys(parts).length > 0, { error: 'expected at least one part' }),
  /** Without it the guest is no HA resource: it waits for its node. */
  ha: ha.optional(),
  /** No two of them on one node. */
  apart: z.boolean().default(false),
});

/** Beside the guests, what begins with `x-` is for YAML's anchors. */
const manifestSchema = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')))
      : value,
  z.strictObject({ guests: z.record(NAME, guest) }),
);

export type GuestSpec = z.output<typeof guest>;
export type PartSpec = z.output<typeof part>;
export type Manifest = z.output<typeof manifestSchema>;

/** Throws OperatorError, with the place, for a manifest that is none. */
export function readManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = parse(text, { merge: true });
  } catch (error) {
    throw new OperatorError(`the manifest is not valid YAML: ${(error as Error).message}`, { cause: error });
  }
  const read = manifestSchema.safeParse(value);
  if (read.success) return read.data;
  const words = read.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new OperatorError(`the manifest is not one of guests: ${words.join('; ')}`, {
    hint: 'fixtures/voting/proxmox/ has two to start from',
  });
}
