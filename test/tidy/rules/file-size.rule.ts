import { isScript, type Rule } from '../source.js';

const MANY_LINES = 300;

/** Reported, not refused: a long file often holds two ideas, and sometimes it does not. */
export const fileSize: Rule = (source) => {
  const lines = source.text.split('\n').length - 1;
  if (!isScript(source) || lines <= MANY_LINES) return [];
  return [
    { path: source.path, line: lines, message: `has ${lines} lines, more than ${MANY_LINES}` },
  ];
};
