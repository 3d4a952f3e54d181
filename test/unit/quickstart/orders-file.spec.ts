import { parseOrders } from '../../../sample/01-quickstart/orders-file.js';

const HEADER = 'order,customer,product,quantity,unit_price,note';
const GOOD = 'A1,c1,p1,2,10.50,';

const reasonFor = (line: string): string | undefined =>
  parseOrders([HEADER, line, GOOD].join('\n')).malformed[0]?.reason;

describe('a file with orders', () => {
  it('is read with money in whole cents', () => {
    expect(parseOrders(`${HEADER}\n${GOOD}\nA2,c2,p1,3,0.07,urgent\n`)).toEqual({
      orders: [
        { order: 'A1', customer: 'c1', product: 'p1', quantity: 2, amountCents: 2100, note: '' },
        {
          order: 'A2',
          customer: 'c2',
          product: 'p1',
          quantity: 3,
          amountCents: 21,
          note: 'urgent',
        },
      ],
      malformed: [],
    });
  });

  it('may have its columns in any order and upper case, without notes, as Excel writes it', () => {
    const text = '\uFEFFProduct,Order,Unit_Price,Quantity,Customer\r\np1,A1,12,1,"Smith, John"\r\n';

    expect(parseOrders(text).orders).toEqual([
      {
        order: 'A1',
        customer: 'Smith, John',
        product: 'p1',
        quantity: 1,
        amountCents: 1200,
        note: '',
      },
    ]);
  });

  it.each([
    ['A9,c1,p1,2', '4 values where the header has 6 columns'],
    [',c1,p1,2,10.50,', 'order is empty'],
    ['A9, ,p1,2,10.50,', 'customer is empty'],
    ['A9,c1,p1,two,10.50,', 'quantity "two" is not a whole number from 1 to 10000'],
    ['A9,c1,p1,0,10.50,', 'quantity "0" is not a whole number from 1 to 10000'],
    ['A9,c1,p1,-1,10.50,', 'quantity "-1" is not a whole number from 1 to 10000'],
    ['A9,c1,p1,1.5,10.50,', 'quantity "1.5" is not a whole number from 1 to 10000'],
    ['A9,c1,p1,99999,10.50,', 'quantity "99999" is not a whole number from 1 to 10000'],
    ['A9,c1,p1,1,10.505,', 'unit_price "10.505" is not an amount such as 12.50, above zero'],
    ['A9,c1,p1,1,0,', 'unit_price "0" is not an amount such as 12.50, above zero'],
    ['A9,c1,p1,1,-3,', 'unit_price "-3" is not an amount such as 12.50, above zero'],
    ['A9,c1,p1,1,1e3,', 'unit_price "1e3" is not an amount such as 12.50, above zero'],
    ['A9,c1,"p1,1,10.50,', 'a double quote is not closed, or stands inside a value'],
    ['A9,c1,p\u00001,1,10.50,', 'product holds a control character'],
    [`A9,${'c'.repeat(101)},p1,1,10.50,`, 'customer is longer than 100'],
  ])('reports the line %j', (line, reason) => {
    expect(reasonFor(line)).toBe(reason);
  });

  it('is read on after a malformed line, whose number is reported', () => {
    const { orders, malformed } = parseOrders(
      [HEADER, GOOD, '"broken', '', GOOD, 'A2,c1,p1,1,1,'].join('\n'),
    );

    expect(orders.map(({ order }) => order)).toEqual(['A1', 'A2']);
    expect(malformed).toEqual([
      { line: 3, reason: 'a double quote is not closed, or stands inside a value' },
      { line: 5, reason: 'order A1 was there before' },
    ]);
  });

  it('is refused as a whole when the header lacks a column', () => {
    expect(() => parseOrders('order,customer\nA1,c1\n')).toThrow(
      'The first line of the file must name the columns order, customer, product, quantity, ' +
        'unit_price; missing: product, quantity, unit_price.',
    );
  });
});
