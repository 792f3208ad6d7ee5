import { OperatorError } from '../../../units/operator-error.ts';

const FACTORS: Record<string, number> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Kubernetes' notation: `100m` CPUs are 0.1, `64Mi` are bytes. Throws OperatorError for text that is none. */
export function quantityOf(text: string): number {
  const [, number, suffix = ''] = /^(\d+(?:\.\d+)?(?:e\d+)?)([a-zA-Z]{0,2})$/.exec(text) ?? [];
  const factor = FACTORS[suffix];
  if (number === undefined || factor === undefined) throw new OperatorError(`'${text}' is no quantity of Kubernetes`);
  return Number(number) * factor;
}
