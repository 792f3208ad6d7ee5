/**
 * Writes what is generated from the schemas: the JSON Schemas that editors use, and the tables of the reference pages,
 * between `<!-- generated: NAME -->` and `<!-- end -->`. Run by `npm run schema`; a test compares.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { clusterSchema, clusterSchemaOf } from '../clusters/schema.ts';
import { writeWhole } from '../disk/write-whole.ts';
import { faults } from '../faults/index.ts';
import { memberSelector, nodeSelector } from '../faults/selector.ts';
import { flow, type JsonSchema } from '../files/validate.ts';
import { registeredPlatforms } from '../platforms/index.ts';
import { claimsSchema } from '../scenarios/claims-schema.ts';
import { scenarioSchema } from '../scenarios/schema.ts';

const root = path.join(import.meta.dirname, '..');

/** The text of every generated file, by its path from the root. */
export function generate(): Record<string, string> {
  const scenario = jsonSchema(scenarioSchema(faults));
  const claims = jsonSchema(claimsSchema);
  const claim = claims.properties?.claims?.items ?? {};
  const platforms = Object.values(registeredPlatforms());
  const cluster = jsonSchema(clusterSchema(platforms));
  const use = scenario.properties?.faults?.items?.properties ?? {};
  return {
    'scenarios/scenario.schema.json': `${JSON.stringify(scenario, null, 2)}\n`,
    'scenarios/claims.schema.json': `${JSON.stringify(claims, null, 2)}\n`,
    'clusters/cluster.schema.json': `${JSON.stringify(cluster, null, 2)}\n`,
    'docs/scenario-file.md': page('docs/scenario-file.md', {
      scenario: table(scenario),
      nodes: table(jsonSchema(nodeSelector)),
      members: table(jsonSchema(memberSelector)),
      faults: Object.entries(use)
        .map(([name, fault]) => `### ${name}\n\n${fault.description}\n\n${table(fault)}`)
        .join('\n\n'),
    }),
    'docs/claims.md': page('docs/claims.md', {
      claim: table(claim),
      answer: table(claim.properties?.answers?.items ?? {}),
      compared: table(claim.properties?.compared?.items ?? {}),
    }),
    'docs/cluster-file.md': page(
      'docs/cluster-file.md',
      Object.fromEntries(platforms.map((module) => [module.kind, table(jsonSchema(clusterSchemaOf(module)))])),
    ),
  };
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function page(file: string, parts: Record<string, string>): string {
  const text = readFileSync(path.join(root, file), 'utf8');
  return text.replaceAll(/(<!-- generated: (\w+) -->\n).*?(<!-- end -->)/gs, (_, begin, name, end) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`${file}: nothing is generated under the name '${name}'`);
    return `${begin}\n${part}\n\n${end}`;
  });
}

/** One row a key; those inside maps follow their map, `<name>` for keys that the user chooses. */
function table(schema: JsonSchema): string {
  const rows = [...keys(schema, '')].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return rows.length === 0 ? 'No options.' : ['| key | value | default | |', '|---|---|---|---|', ...rows].join('\n');
}

/** Explained in sections of their own. */
const APART = ['faults', 'node', 'member'];

function* keys(schema: JsonSchema, prefix: string): Generator<string[]> {
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const required = schema.required?.includes(key) && value.default === undefined;
    const usual = required
      ? '**required**'
      : value.default === undefined || isEmpty(value.default)
        ? ''
        : code(value.default);
    yield [`\`${prefix}${key}\``, kind(value), usual, value.description ?? ''];
    if (APART.includes(key)) continue;
    for (const inner of [value, ...(value.anyOf ?? [])]) {
      yield* keys(inner, `${prefix}${key}.`);
      if (typeof inner.additionalProperties === 'object')
        yield* keys(inner.additionalProperties, `${prefix}${key}.<name>.`);
    }
  }
}

function kind(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.const !== undefined) return code(schema.const);
  if (schema.examples) return `as in ${code(schema.examples[0])}`;
  if (schema.anyOf) return [...new Set(schema.anyOf.map(kind))].join(' or ');
  if (schema.type === 'boolean') return '`true`, `false`';
  return WORDS[schema.type ?? ''] ?? '';
}

const WORDS: Record<string, string> = {
  object: 'map',
  array: 'list',
  string: 'text',
  number: 'number',
  integer: 'whole number',
};

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function code(value: unknown): string {
  return `\`${flow(value)}\``;
}

if (import.meta.main) {
  for (const [file, text] of Object.entries(generate())) {
    writeWhole(path.join(root, file), text);
    console.log(`wrote ${file}`);
  }
}
