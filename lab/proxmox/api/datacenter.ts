/** `datacenter.cfg`: what is set for the whole cluster, one `key: value` a line, the description as comments before them. */
import { listOf } from '../config/values.ts';
import type { Params } from './check.ts';
import { propertyString, splitProperties } from './formats.ts';

/** With parts of their own they become objects: `ha` → `{ shutdown_policy }`. */
export function parseOptionsFile(content: string): Record<string, unknown> {
  const set: Record<string, unknown> = {};
  for (const line of content.split('\n')) {
    const [, comment] = /^#(.*)$/.exec(line) ?? [];
    const [, key, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (comment !== undefined) set.description = `${set.description ?? ''}${comment}\n`;
    else if (key !== undefined) set[key] = partsOf(key, value!);
  }
  return set;
}

function partsOf(key: string, value: string): unknown {
  const string = propertyString(key);
  const parts = string && splitProperties(value, string);
  return parts instanceof Map ? Object.fromEntries(parts) : value;
}

/** The file after a change: what is given, less what `delete` names. */
export function optionsText(set: Record<string, unknown>, { delete: removed = '', ...changes }: Params): string {
  const after = new Map(Object.entries({ ...set, ...changes }));
  for (const key of listOf(String(removed))) after.delete(key);
  const description = after.get('description');
  after.delete('description');
  const comments = description === undefined ? [] : String(description).replace(/\n$/, '').split('\n');
  return [
    ...comments.map((line) => `#${line}\n`),
    ...[...after].map(([key, value]) => `${key}: ${typeof value === 'object' ? joined(value!) : value}\n`),
  ].join('');
}

function joined(parts: object): string {
  return Object.entries(parts)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
