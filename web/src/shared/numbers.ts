/** Numbers and times for people, in their own language. */
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const full = new Intl.NumberFormat();
const percent = new Intl.NumberFormat(undefined, { style: 'percent' });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const brief = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
const bytes = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1, style: 'unit', unit: 'byte', unitDisplay: 'narrow' });
const unit = (name: string) =>
  new Intl.NumberFormat(undefined, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: 1 });
const seconds = unit('second');
const minutes = unit('minute');
const hours = unit('hour');

export const count = (value: number) => whole.format(value);
export const exact = (value: number) => full.format(value);
export const decimal = (value: number) => short.format(value);
/** Of 0 to 100. */
export const share = (value: number) => percent.format(value / 100);
/** Of Unix seconds. */
export const when = (value: number) => moment.format(value * 1000);
/** The same where there is little room. */
export const shortly = (value: number) => brief.format(value * 1000);
export const size = (value: number) => bytes.format(value);

/** Of seconds: `0.4s`, `12s`, `3.5m`, `2h`. */
export function span(value: number): string {
  if (value < 90) return seconds.format(value < 10 ? value : Math.round(value));
  return value < 5400 ? minutes.format(value / 60) : hours.format(value / 3600);
}

/** The count of what a reader calls characters of a text, as the API counts them: code points in NFC. */
export const characters = (value: string) => Array.from(value.normalize('NFC')).length;

/**
 * About how many tokens Mochi's text encoder (T5) makes of a text. Its vocabulary is too large to send along: a word
 * of a language that it knows is about 1.3 tokens, one long word a token for each 4 letters.
 */
export function tokens(value: string): number {
  const words = value.split(/\s+/).filter(Boolean);
  return Math.round(words.reduce((sum, word) => sum + Math.max(1.3, word.length / 4), 0));
}
