import type { Snippet } from '../types/compiler.js';
import type { Source } from './source.js';

/** An example of the documentation, as a module of its own. */
export interface Example extends Snippet {
  /** Where it stands: the file and the line of its first line. */
  readonly title: string;
}

const FENCE = /^([ \t]*(?:\* ?)?)```ts[ \t]*\n([^]*?)^[ \t]*(?:\* ?)?```[ \t]*$/gm;

/**
 * The blocks that are marked as `ts`, of Markdown files and of docstrings. A block marked `ts
 * no-check` is left out: it shows something that cannot stand alone.
 */
export function examplesOf({ path, text }: Source): readonly Example[] {
  return [...text.matchAll(FENCE)].map((match) => {
    const [, prefix = '', body = ''] = match;
    const line = text.slice(0, match.index).split('\n').length + 1;
    const isDocstring = prefix.includes('*');
    return {
      title: `${path}:${line}`,
      // Imports resolve from here as they do for an application: by name, through node_modules.
      path: `.cache/examples/${path.replace(/\W+/g, '-')}-${line}.ts`,
      text: isDocstring ? body.replace(/^[ \t]*\* ?/gm, '') : body,
    };
  });
}
