import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, UnprocessableEntityException } from '@nestjs/common';

const REVIEW_MS = 2_500;

/**
 * Looks at payments that have been made. It reads the note of the order, for want of a real case.
 */
@Injectable()
export class AuditService {
  async check(note: string): Promise<void> {
    // Longer than the caller waits. The timer must not keep a finished run alive.
    if (note === 'manual review') await sleep(REVIEW_MS, undefined, { ref: false });
    if (note === 'card reported stolen') {
      throw new UnprocessableEntityException({ code: 'AUDIT_REFUSED' });
    }
  }
}
