import fc from 'fast-check';

import { dollarQuoted, identifier, literal } from '../../../lib/resource/at/postgres/sql-text.js';

describe('SQL text', () => {
  it('quotes identifiers', () => {
    expect(identifier('select')).toBe('"select"');
    expect(identifier('a"b')).toBe('"a""b"');
  });

  it('quotes strings, with backslashes as they are meant under both settings', () => {
    expect(literal("it's")).toBe("'it''s'");
    expect(literal("a\\b'")).toBe("E'a\\\\b'''");
  });

  it('never lets a text out of its dollar quotes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('$dtx$', '$dtx1$', 'x', '$')), (parts) => {
        const body = parts.join('');
        const [tag = ''] = /^\$\w+\$/.exec(dollarQuoted(body)) ?? [];

        expect(dollarQuoted(body).split(tag)).toEqual(['', `\n${body}\n`, '']);
      }),
    );
  });
});
