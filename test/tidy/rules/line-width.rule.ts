import type { Rule } from '../source.js';

const MAX_COLUMNS = 100;
const FENCE = /^\s*```(?<language>\w*)/;
/** Nobody can break an address. */
const ADDRESS = /https?:\/\/\S{40,}/;

/**
 * Code is read side by side with its test; the prose of Markdown is wrapped by whoever shows it.
 */
export const lineWidth: Rule = ({ path, text }) => {
  const isMarkdown = path.endsWith('.md');
  let isCode = !isMarkdown;
  return text.split('\n').flatMap((content, index) => {
    const fence = isMarkdown ? FENCE.exec(content) : null;
    if (fence !== null) isCode = !isCode && fence.groups?.['language'] !== '';
    const width = Array.from(content).length;
    if (!isCode || width <= MAX_COLUMNS || ADDRESS.test(content)) return [];
    return [
      {
        path,
        line: index + 1,
        message: `is ${width} columns wide, more than ${MAX_COLUMNS}`,
      },
    ];
  });
};
