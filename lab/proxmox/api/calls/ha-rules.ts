/** Rules of HA: where guests may and should be. */
import { parseResources, RESOURCES } from '../../config/resources.ts';
import { nodePriorities, RULES, withoutRule, withRule } from '../../config/rules.ts';
import { digestOf, parseSections, type Section } from '../../config/sections.ts';
import { listOf } from '../../config/values.ts';
import { asText, type Params } from '../check.ts';
import { failed } from '../refusal.ts';
import { checkDigest, type Handlers, type Request, underLock, type World } from '../world.ts';

const FLAGS = ['strict', 'disable'];

function row({ id, type, properties }: Section, order: number, digest: string) {
  const typed = Object.entries(properties).map(([key, value]) => [key, FLAGS.includes(key) ? Number(value) : value]);
  return { rule: id, type, ...Object.fromEntries(typed), order: order + 1, digest };
}

async function rows({ files }: World) {
  const text = (await files.read(RULES)) ?? '';
  return parseSections(text).map((section, order) => row(section, order, digestOf(text)));
}

async function list({ world, params }: Request) {
  return (await rows(world)).filter(
    ({ type, resources }: { type: string; resources?: string }) =>
      (params.type === undefined || params.type === type) &&
      (params.resource === undefined || listOf(resources ?? '').includes(asSid(String(params.resource)))),
  );
}

const asSid = (text: string) => (/^\d+$/.test(text) ? `vm:${text}` : text);

async function show({ world, params }: Request) {
  const found = (await rows(world)).find(({ rule }) => rule === params.rule);
  if (!found) throw failed(`no such ha rule '${params.rule}'`);
  return found;
}

function propertiesOf({ rule: _, type: __, digest: ___, delete: ____, ...given }: Params): Section['properties'] {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      key,
      key === 'resources' ? listOf(String(value)).map(asSid).join(',') : asText(value),
    ]),
  );
}

/** Throws Refusal 500 for nodes and resources that are none. */
async function checkNames({ files, membership }: World, { nodes, resources }: Section['properties']): Promise<void> {
  const known = membership.nodes().map(({ name }) => name);
  const unknown = Object.keys(nodePriorities(nodes ?? '')).filter((node) => !known.includes(node));
  if (unknown.length > 0) throw failed(`cannot use non-existent node(s) ${unknown.join(', ')}.`);
  const managed = parseResources((await files.read(RESOURCES)) ?? '');
  const strangers = listOf(resources ?? '').filter((sid) => !managed[sid]);
  if (strangers.length > 0) throw failed(`cannot use unmanaged resource(s) ${strangers.join(', ')}.`);
}

const isOf = (type: string) => (section: Section) => section.type === type && section.properties.disable !== '1';

/** What is wrong with a rule beside the others, of the resources that it is about. */
function contradictions(rule: Section, others: Section[]): string[] {
  const resources = listOf(rule.properties.resources ?? '');
  const placed = others.filter(isOf('node-affinity'));
  const about = (sid: string) => placed.filter(({ properties }) => listOf(properties.resources ?? '').includes(sid));
  if (rule.type === 'node-affinity')
    return resources
      .filter((sid) => about(sid).length > 0)
      .map((sid) => `resource '${sid}' is already used in another node affinity rule`);
  if (resources.length < 2) return ['rule is ineffective as there are less than two resources'];
  const wrong: string[] = [];
  const touching = new Set(resources.flatMap(about));
  const priorities = ({ properties }: Section) => new Set(Object.values(nodePriorities(properties.nodes ?? ''))).size;
  if ([...touching].some((each) => priorities(each) > 1))
    wrong.push('resources are in node affinity rules with multiple priorities');
  if (rule.properties.affinity === 'positive' && touching.size > 1)
    wrong.push('resources are in multiple node affinity rules');
  return wrong;
}

function checked(rule: Section, others: Section[]): Section {
  const wrong = rule.properties.disable === '1' ? [] : contradictions(rule, others);
  if (wrong.length > 0) throw failed(`400 Rule '${rule.id}' is invalid.\nresources: ${wrong.join(', ')}`);
  return rule;
}

async function create({ world, params }: Request): Promise<void> {
  const rule: Section = { type: String(params.type), id: String(params.rule), properties: propertiesOf(params) };
  if (!world.membership.quorate()) throw failed('cluster not ready - no quorum?');
  const work = async () => {
    await checkNames(world, rule.properties);
    await world.files.update(RULES, (text = '') => {
      const others = parseSections(text);
      if (others.some(({ id }) => id === rule.id)) throw failed(`HA rule '${rule.id}' already defined`);
      return withRule(text, checked(rule, others));
    });
  };
  await underLock(world, 'domain-ha', work, { context: 'create ha rule failed: ' });
}

async function change({ world, params }: Request): Promise<void> {
  const id = String(params.rule);
  const removed = listOf(String(params.delete ?? ''));
  const changes = propertiesOf(params);
  const work = async () => {
    await checkNames(world, changes);
    await world.files.update(RULES, (text = '') => {
      const sections = parseSections(text);
      const found = sections.find((section) => section.id === id);
      if (!found) throw failed(`HA rule '${id}' does not exist`);
      if (found.type !== params.type) throw failed(`HA rule '${id}' is of type '${found.type}'`);
      checkDigest(params, text);
      const kept = Object.entries({ ...found.properties, ...changes }).filter(([key]) => !removed.includes(key));
      const rule = { ...found, properties: Object.fromEntries(kept) };
      return withRule(
        text,
        checked(
          rule,
          sections.filter((section) => section !== found),
        ),
      );
    });
  };
  await underLock(world, 'domain-ha', work, { context: 'update HA rules failed: ' });
}

async function remove({ world, params }: Request): Promise<void> {
  const work = () => world.files.update(RULES, (text = '') => withoutRule(text, String(params.rule)));
  await underLock(world, 'domain-ha', work, { context: 'delete HA rule failed: ' });
}

export const haRuleCalls: Handlers = {
  'GET /cluster/ha/rules': list,
  'POST /cluster/ha/rules': create,
  'GET /cluster/ha/rules/{rule}': show,
  'PUT /cluster/ha/rules/{rule}': change,
  'DELETE /cluster/ha/rules/{rule}': remove,
};
