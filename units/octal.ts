/** Numbers as platforms read them in their manifests: `0644`, with a zero before it, is octal, as in YAML 1.1. In YAML 1.2 it is 644. */
import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions } from 'yaml';

const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

/** How a platform's manifest is read: merge keys count, too. */
export const manifestYaml: ParseOptions & DocumentOptions & SchemaOptions = {
  merge: true,
  customTags: (tags) => [octal, ...tags],
};
