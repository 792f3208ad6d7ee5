/** Are the parameters of a call as its schema wants them? Told as Proxmox VE tells it, by parameter. */
import { checkFormat, propertyString, splitProperties } from './formats.ts';
import { badParameters } from './refusal.ts';
import type { CallSchema, Property } from './schema.ts';

/** What a call is given: numbers and booleans are texts in a form, and values in JSON. */
export type Given = Record<string, unknown>;
/** What a handler gets: integers and numbers are numbers, booleans are true or false. */
export type Params = Record<string, Value>;
type Value = string | number | boolean | string[];

/** As files and the schema have it: booleans are 1 and 0. */
export const asText = (value: unknown) => (typeof value === 'boolean' ? String(Number(value)) : String(value));

type Errors = Record<string, string>;

const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties';
const MISSING = 'property is missing and it is not optional';
const TRUE = /^(1|on|yes|true)$/i;
const FALSE = /^(0|off|no|false)$/i;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Throws Refusal 400 with everything that is wrong. */
export function checkParameters(call: string, { parameters }: CallSchema, given: Given): Params {
  const isRule = /^(POST|PUT) \/cluster\/ha\/rules/.test(call);
  const errors: Errors = {};
  const params = isRule ? checkRule(parameters, given, errors) : checkObject(parameters, given, errors);
  if (Object.keys(errors).length > 0) throw badParameters(errors);
  return params;
}

function checkObject(properties: Record<string, Property>, given: Given, errors: Errors, prefix = ''): Params {
  const params: Params = {};
  for (const name of Object.keys(given)) if (!Object.hasOwn(properties, name)) errors[prefix + name] = UNKNOWN;
  for (const [name, property] of Object.entries(properties)) {
    const value = given[name];
    if (value === undefined || value === null) {
      if (!property.optional) errors[prefix + name] = MISSING;
      continue;
    }
    const checked = checkValue(name, property, value, errors, prefix + name);
    if (checked !== undefined) params[name] = checked;
  }
  return params;
}

/** What kinds of rules have of their own: it is told as part of a choice. */
const OF_KIND: Record<string, string[]> = {
  'node-affinity': ['nodes', 'strict'],
  'resource-affinity': ['affinity'],
};
/** What both kinds have, but no rule without a kind. */
const OF_BOTH = ['resources', 'disable', 'comment'];

function checkRule(properties: Record<string, Property>, given: Given, errors: Errors): Params {
  const kinds = [...OF_BOTH, ...Object.values(OF_KIND).flat()];
  const common = Object.fromEntries(Object.entries(properties).filter(([name]) => !kinds.includes(name)));
  const kind = OF_KIND[String(given.type)];
  if (!kind) return checkObject(common, given, errors);
  const own = [...OF_BOTH, ...kind];
  const isNew = !properties.resources!.optional;
  const required = (name: string) => isNew && (name === 'nodes' || name === 'affinity');
  const specific = Object.fromEntries(
    own.map((name) => [name, required(name) ? { ...properties[name]!, optional: 0 as const } : properties[name]!]),
  );
  const pick = (isOwn: boolean) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => own.includes(name) === isOwn));
  return {
    ...checkObject(common, pick(false), errors),
    ...checkObject(specific, pick(true), errors, `oneOf[${given.type}].`),
  };
}

/** Returns the value as a handler gets it, undefined if something is wrong with it: `errors` says what, at `place`. */
function checkValue(
  name: string,
  property: Property,
  value: unknown,
  errors: Errors,
  place: string,
): Value | undefined {
  const wrong = (words: string): undefined => {
    errors[place] ??= words;
  };
  if (property.type === 'array') {
    const items = (Array.isArray(value) ? value : [value]).map((item, index) =>
      checkValue(name, property.items ?? {}, item, errors, `${place}[${index}]`),
    );
    return items.includes(undefined) ? undefined : items.map(String);
  }
  if (typeof value === 'object')
    return wrong(`type check ('${property.type}') failed - got ${Array.isArray(value) ? 'ARRAY' : 'HASH'}`);
  const text = asText(value);
  const typed = ofType(property.type, text);
  if (typed === undefined) return wrong(`type check ('${property.type}') failed - got '${text}'`);
  const format = formatProblem(name, property, text);
  if (format !== undefined) return wrong(`invalid format - ${format}\n`);
  const range = rangeProblem(property, text, typed);
  return range === undefined ? typed : wrong(range);
}

function ofType(type: Property['type'], text: string): Value | undefined {
  switch (type) {
    case 'integer':
      return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
    case 'number':
      return NUMBER.test(text) ? Number(text) : undefined;
    case 'boolean':
      return TRUE.test(text) ? true : FALSE.test(text) ? false : undefined;
    default:
      return text;
  }
}

function formatProblem(name: string, { format, type }: Property, text: string): string | undefined {
  if (typeof format === 'string') {
    const wrong = checkFormat(format, text);
    if (wrong !== undefined) return wrong;
  }
  // A container's card is written in another way than a virtual machine's, which the name alone does not tell.
  const string = type === 'string' && format !== 'lxc-network' ? propertyString(name) : undefined;
  if (!string) return undefined;
  const parts = splitProperties(text, string);
  if (typeof parts === 'string') return `format error\n${parts}`;
  const errors: Errors = {};
  checkObject(string.parts, Object.fromEntries(parts), errors, `${name}.`);
  const lines = Object.entries(errors).map(([place, words]) => `${place}: ${words.trimEnd()}`);
  return lines.length > 0 ? `format error\n${lines.join('\n')}` : undefined;
}

function rangeProblem(property: Property, text: string, value: Value): string | undefined {
  if (property.pattern !== undefined && !regExp(property.pattern).test(text))
    return 'value does not match the regex pattern';
  if (property.maxLength !== undefined && text.length > property.maxLength)
    return `value may only be ${property.maxLength} characters long`;
  if (property.minLength !== undefined && text.length < property.minLength)
    return `value must be at least ${property.minLength} characters long`;
  if (typeof value === 'number') {
    if (property.maximum !== undefined && value > Number(property.maximum))
      return `value must have a maximum value of ${property.maximum}`;
    if (property.minimum !== undefined && value < Number(property.minimum))
      return `value must have a minimum value of ${property.minimum}`;
  }
  if (property.enum && !property.enum.includes(text))
    return `value '${text}' does not have a value in the enumeration '${property.enum.join(', ')}'`;
  return undefined;
}

const expressions = new Map<string, RegExp>();

/** `(?^:…)` and `(?^i:…)` are Perl's own way to write a group. */
function regExp(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known) return known;
  const flags = pattern.includes('(?^i:') ? 'i' : '';
  const expression = new RegExp(`^(?:${pattern.replaceAll(/\(\?\^i?:/g, '(?:')})$`, flags);
  expressions.set(pattern, expression);
  return expression;
}
