import { importPart, isSchema, type Own, type Sort } from '../files/own.ts';
import { OperatorError } from '../units/operator-error.ts';
import { http } from './http.ts';
import type { Probe, ProbeDefinition, StreamSpec } from './probe.ts';
import { smb } from './smb.ts';
import { smbLarge } from './smb-large.ts';
import { tcp } from './tcp.ts';

/** A kind of probe. */
interface KnownKind {
  probe: ProbeDefinition;
  /** Where the prober loads it from. The suite's own, it has. */
  file?: string;
}
export type KnownKinds = Readonly<Record<string, KnownKind>>;

/** The kinds that any workload can use. A new one is one file and one line here. */
const builtIn: KnownKinds = {
  http: { probe: http },
  smb: { probe: smb },
  'smb-large': { probe: smbLarge },
  tcp: { probe: tcp },
};

/** Those, and what the project has in its `probes/`, once that was loaded. */
export const knownKinds: Record<string, KnownKind> = { ...builtIn };

/** How the file of a kind looks. */
export const probeSort: Sort = {
  exports: 'probe',
  type: 'ProbeDefinition',
  methods: ['create'],
  values: {
    connections: [Array.isArray, "a list of 'new' and 'reused'"],
    writes: [(value) => typeof value === 'boolean', 'true or false'],
    options: [isSchema, 'a zod schema'],
  },
};

/** These kinds and more. Throws OperatorError when one of them is there already. */
export function withKinds(kinds: KnownKinds, more: Own<ProbeDefinition>[]): KnownKinds {
  const all = { ...kinds };
  for (const { name, file, part } of more) {
    const other = Object.hasOwn(all, name) ? all[name] : undefined;
    if (other && other.file !== file) {
      throw new OperatorError(`${file}: there is a kind of probe '${name}' already, ${other.file ?? "the suite's"}.`, {
        hint: 'Give yours another name.',
      });
    }
    all[name] = { probe: part, file };
  }
  return all;
}

/** The kinds of a plan, in the prober's own process. */
export async function importKinds(files: Readonly<Record<string, string>>): Promise<KnownKinds> {
  const own = Object.entries(files).map(async ([name, file]) => ({
    name,
    file,
    part: await importPart<ProbeDefinition>(file, probeSort),
  }));
  return withKinds(builtIn, await Promise.all(own));
}

/** Throws OperatorError when such a stream cannot be probed, or its answers would mean nothing. Asks nothing of anyone. */
export function checkStream(spec: StreamSpec, kinds: KnownKinds = builtIn): void {
  const definition = Object.hasOwn(kinds, spec.kind) ? kinds[spec.kind]!.probe : undefined;
  if (!definition) throw refused(spec, `unknown kind '${spec.kind}'`, `kinds are ${Object.keys(kinds).join(', ')}`);
  if (!definition.connections.includes(spec.connection)) {
    throw refused(
      spec,
      `a ${spec.kind} probe cannot judge ${spec.connection} connections`,
      `say connection: ${definition.connections.join(' or ')}`,
    );
  }
  if (spec.writes && !definition.writes) throw refused(spec, `a ${spec.kind} probe only reads`, 'say writes: false');
  if (!(spec.every > 0)) throw refused(spec, `expected an interval above 0 ms, got ${spec.every}`);
  if (!(spec.timeout > 0)) throw refused(spec, `expected a timeout above 0 ms, got ${spec.timeout}`);
  checkAddress(spec, kinds);
  const wrong = wrongOptions(definition, spec.options);
  if (wrong !== undefined) throw refused(spec, `bad options: ${wrong}`);
  const reason = definition.refuses?.(spec);
  if (reason !== undefined) throw refused(spec, reason);
}

/** Throws OperatorError when the target is no address that such a probe can ask. */
export function checkAddress(spec: Pick<StreamSpec, 'name' | 'kind' | 'target'>, kinds: KnownKinds): void {
  const { probe } = kinds[spec.kind]!;
  const { schemes = probe.http ? BY_HTTP : [...BY_HTTP, 'tcp'] } = probe;
  if (isTarget(spec.target, schemes)) return;
  throw refused(
    spec,
    `'${spec.target}' is not an address for a ${spec.kind} probe`,
    `give a URL such as ${schemes.map((scheme) => EXAMPLES[scheme] ?? `${scheme}://vip`).join(', or ')}`,
  );
}

/** What is wrong with a probe's options, in one line; undefined when nothing is. */
export function wrongOptions(definition: ProbeDefinition, options: Record<string, unknown>): string | undefined {
  const parsed = definition.options.safeParse(options);
  if (parsed.success) return undefined;
  return parsed.error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ');
}

/** A probe for a stream that `checkStream` accepts. */
export function createProbe(spec: StreamSpec, kinds: KnownKinds = builtIn): Probe {
  checkStream(spec, kinds);
  return kinds[spec.kind]!.probe.create(spec);
}

const BY_HTTP: readonly string[] = ['http', 'https'];
const EXAMPLES: Record<string, string> = {
  http: 'http://vip:8080',
  https: 'https://vip',
  tcp: 'tcp://vip:445',
  smb: 'smb://vip/share',
};

function isTarget(target: string, schemes: readonly string[]): boolean {
  const url = URL.parse(target);
  if (!url?.hostname) return false;
  const scheme = url.protocol.slice(0, -1);
  // Where the scheme has no port of its own, the target must name one.
  return schemes.includes(scheme) && (scheme !== 'tcp' || url.port !== '');
}

function refused(spec: Pick<StreamSpec, 'name'>, message: string, hint?: string): OperatorError {
  return new OperatorError(`probe ${spec.name}: ${message}`, { hint });
}
