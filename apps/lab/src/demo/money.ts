import { exponentOf } from '@app/contracts';

/** Minor units for people: `EUR 1 234.56`, `JPY 7 000`, `EUR -0.05`. */
export function formatMoney(amountMinor: bigint, currency: string): string {
  const exponent = exponentOf(currency);
  const sign = amountMinor < 0n ? '-' : '';
  const digits = String(amountMinor)
    .replace('-', '')
    .padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replaceAll(/\B(?=(\d{3})+$)/g, ' ');
  const fraction = exponent === 0 ? '' : `.${digits.slice(-exponent)}`;
  return `${currency} ${sign}${whole}${fraction}`;
}
