import { z } from 'zod';
import { result } from '../fixtures/voting/probes/result.ts';
import { vote } from '../fixtures/voting/probes/vote.ts';
import { OperatorError } from '../units/operator-error.ts';
import { http } from './http.ts';
import type { Probe, ProbeDefinition, StreamSpec } from './probe.ts';
import { tcp } from './tcp.ts';

/** Every kind of probe. A new one is one file and one line here. */
export const kinds = { http, vote, result, tcp } satisfies Record<string, ProbeDefinition>;

/** Throws OperatorError when such a stream cannot be probed, or its answers would mean nothing. Asks nothing of anyone. */
export function checkStream(spec: StreamSpec): void {
  const definition: ProbeDefinition | undefined = Object.hasOwn(kinds, spec.kind) ? kinds[spec.kind] : undefined;
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
  if (!isTarget(spec.target))
    throw refused(spec, `'${spec.target}' is not an address to probe`, 'give a URL such as http://vip:8080');
  const parsed = definition.options.safeParse(spec.options);
  if (!parsed.success) throw refused(spec, `bad options: ${z.prettifyError(parsed.error)}`);
}

/** A probe for a stream that `checkStream` accepts. */
export function createProbe(spec: StreamSpec): Probe {
  checkStream(spec);
  return kinds[spec.kind].create(spec);
}

function isTarget(target: string): boolean {
  const url = URL.parse(target);
  if (!url?.hostname) return false;
  // Where the scheme has no port of its own, the target must name one.
  return ['http:', 'https:'].includes(url.protocol) || (url.protocol === 'tcp:' && url.port !== '');
}

function refused(spec: StreamSpec, message: string, hint?: string): OperatorError {
  return new OperatorError(`probe ${spec.name}: ${message}`, { hint });
}
