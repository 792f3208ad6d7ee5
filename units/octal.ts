/** Numbers as Docker and Kubernetes read them in YAML: `0644`, with a zero before it, is octal. In YAML 1.2 it is 644. */
import type { ScalarTag } from 'yaml';

export const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};
