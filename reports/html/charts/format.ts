export function percent(share: number): string {
  return share === 1 ? '100 %' : `${(Math.floor(share * 1000) / 10).toFixed(share < 0.1 ? 0 : 1)} %`;
}

export function ms(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Number(value.toPrecision(3))} ms`;
}

/** `12 s`, or with minutes `−1:05`, `1:02:03`. */
export function clock(second: number, minutes: boolean): string {
  const sign = second < 0 ? '−' : '';
  const abs = Math.abs(second);
  if (!minutes) return `${sign}${Number(abs.toFixed(1))} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const hours = Math.floor(abs / 3600);
  const rest = Math.floor((abs % 3600) / 60);
  return `${sign}${hours ? `${hours}:${two(rest)}` : rest}:${two(abs % 60)}`;
}
