/**
 * The beginning of a text, as every store can keep it: PostgreSQL refuses NUL and half a surrogate
 * pair, which a cut can leave behind.
 */
export function clip(text: string, lengthMax: number): string {
  return text.slice(0, lengthMax).replaceAll('\0', '').replace(LONE_SURROGATES, '\ufffd');
}

const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Whether every store gives the text back as it was. */
export function isStorable(text: string): boolean {
  return clip(text, text.length) === text;
}
