import { Injectable } from '@nestjs/common';

import { refuse } from '../refusal.js';

/** The world outside, as far as this sample needs one. */
@Injectable()
export class CardNetwork {
  settle(card: string): void {
    if (card === 'stolen') throw refuse('CARD_REFUSED');
    if (card === 'unreadable') throw new Error('The card network does not understand the card.');
  }
}
