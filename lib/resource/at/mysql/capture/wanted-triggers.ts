import { createHash } from 'node:crypto';

import { GUARDED } from '../../at-engine.interface.js';
import { ASCII, OWN, PREFIX, TAG } from '../agreement.js';
import { INSISTING } from '../labels.js';
import { imageSql } from '../row-image.js';
import { keyParts, primaryKey } from '../row-key.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import { codecOf } from '../value-codec.js';
import { cascadeDelete, cascadeUpdate } from './cascades.js';
import { insistOnImage } from './insist.js';
import type { Event, Tables } from './locks-of-row.js';
import { ROWS, checkReferences, checkReferrers, lockOf, lockUniqueValues } from './locks-of-row.js';
import type { Lock } from './record.js';
import { FIRST_PLACE, LATER_PLACE, findPlace } from './place-of-row.js';
import { NOTE_DUPLICATES, recordChange, refuse } from './record.js';
import { isUnwritten, mayBeUnwritten } from './unwritten.js';

/** What the triggers are made for. */
export interface CaptureScope {
  readonly tables: Tables;
  /** Whether writers without a mark are stopped at rows that are held. */
  readonly guard: boolean;
  /** `tx_isolation` or `transaction_isolation`, whichever the server has. */
  readonly isolation: string;
}

/** A trigger that has to stand on a table. */
export interface WantedTrigger {
  readonly name: string;
  readonly hash: string;
  /** Behind `CREATE TRIGGER`. */
  readonly definition: string;
}

/** Why changes of the table cannot be undone; undefined when they can. */
export function uncapturable(table: TableDefinition): 'no-key' | 'engine' | 'type' | undefined {
  if (!/^innodb$/i.test(table.engine)) return 'engine';
  if (table.key.length === 0) return 'no-key';
  const isUnknown = table.columns.some((column) => codecOf(column) === undefined);
  return isUnknown ? 'type' : undefined;
}

const EVENTS: readonly Event[] = ['INSERT', 'UPDATE', 'DELETE'];

/** The triggers that the table has to have. */
export function wantedTriggers(
  table: TableDefinition,
  scope: CaptureScope,
): readonly WantedTrigger[] {
  const reason = uncapturable(table);
  if (reason !== undefined) {
    const body = `IF ${TAG} <> '${GUARDED}' THEN\n    ${refuse(reason, table.name)}\n    END IF;`;
    return EVENTS.map((event) => trigger(table, 'BEFORE', event, body));
  }
  const captures = EVENTS.map((event) =>
    trigger(table, 'AFTER', event, whenActive(scope, captureBody(table, scope, event))),
  );
  const cascades = (['UPDATE', 'DELETE'] as const).flatMap((event) => {
    const steps = event === 'DELETE' ? cascadeDelete(table, scope.tables) : cascadeUpdate(table);
    if (steps.length === 0) return [];
    const body = `IF @@foreign_key_checks THEN\n    ${steps.join('\n    ')}\n    END IF;`;
    return [trigger(table, 'BEFORE', event, whenActive(scope, body))];
  });
  return [...captures, ...cascades, ...insisting(table)];
}

/** Only where a trigger of the application may change what is restored. */
function insisting(table: TableDefinition): readonly WantedTrigger[] {
  const { changer } = table;
  if (changer === undefined) return [];
  const place = ` FOLLOWS ${identifier(changer)}`;
  return [trigger(table, 'BEFORE', 'UPDATE', insistOnImage(table), { role: INSISTING, place })];
}

function trigger(
  table: TableDefinition,
  time: 'BEFORE' | 'AFTER',
  event: Event,
  body: string,
  { place = '', role = initialsOf(`${time}${event}`) } = {},
): WantedTrigger {
  const name = triggerName(table, role);
  const head = `${time} ${event} ON ${identifier(table.name)} FOR EACH ROW${place}`;
  const hash = createHash('sha256').update(`${head}\n${body}`).digest('hex').slice(0, 16);
  // A label stays in the catalogue, whatever a client does with comments.
  return {
    name,
    hash,
    definition: `${identifier(name)} ${head}\ndtx_${hash}: BEGIN\n  ${body}\nEND`,
  };
}

const initialsOf = (role: string): string =>
  role
    .replace(/^(.).*(INSERT|UPDATE|DELETE)$/, '$1$2')
    .slice(0, 2)
    .toLowerCase();

function triggerName({ name }: TableDefinition, initials: string): string {
  const readable = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${PREFIX}${initials}_${readable}_${digest}`;
}

/** Most writes of most sessions have no mark: all that they pay is this test. */
function whenActive({ guard }: CaptureScope, body: string): string {
  const condition = guard ? `${TAG} IS NOT NULL OR ${OWN} IS NULL` : `${TAG} IS NOT NULL`;
  return `IF ${condition} THEN\n  ${body}\n  END IF;`;
}

/**
 * A text has become longer than max_allowed_packet. MariaDB fails with it in the sql_mode of our
 * triggers. A server that gives a warning and NULL is met by a test for NULL.
 */
const TOO_LONG = 1301;

function captureBody(
  table: TableDefinition,
  { isolation, tables }: CaptureScope,
  event: Event,
): string {
  const rows = ROWS[event];
  const lockIn = (row: 'OLD' | 'NEW') =>
    lockOf(table.name, keyParts(table, primaryKey(table), row));
  const old = rows.old ? { ...lockIn('OLD'), key: 'old_key' } : undefined;
  const now = rows.new ? { ...lockIn('NEW'), key: 'new_key' } : undefined;
  const images = [
    ...(rows.old ? [`DECLARE old_image longtext ${ASCII} DEFAULT ${imageSql(table, 'OLD')};`] : []),
    ...(rows.new ? [`DECLARE new_image longtext ${ASCII} DEFAULT ${imageSql(table, 'NEW')};`] : []),
    ...(rows.old ? [`DECLARE old_key varchar(255) ${ASCII} DEFAULT ${lockIn('OLD').key};`] : []),
    ...(rows.new ? [`DECLARE new_key varchar(255) ${ASCII} DEFAULT ${lockIn('NEW').key};`] : []),
  ];
  const checks = [...checkReferences(table, tables, event), ...checkReferrers(table, event)];
  const shape = shapeOf(table);
  const gone =
    old && recordChange(old, { shape, before: 'old_image', after: undefined }, FIRST_PLACE);
  // Behind the row that goes, where a key changes.
  const placeOfCome = old === undefined ? FIRST_PLACE : LATER_PLACE;
  const come =
    now && recordChange(now, { shape, before: undefined, after: 'new_image' }, placeOfCome);
  const tooLong = [...(rows.old ? ['old_image'] : []), ...(rows.new ? ['new_image'] : [])];
  const refuseTooLong = `IF ${tooLong.map((image) => `${image} IS NULL`).join(' OR ')} THEN
      ${refuse('too-long', table.name)}
    END IF;`;
  const record =
    old === undefined || now === undefined
      ? `${refuseTooLong}\n    ${gone ?? come ?? ''}`
      : recordUpdate(table, { old, now, gone: gone ?? '', come: come ?? '', refuseTooLong });
  return `BEGIN
    DECLARE EXIT HANDLER FOR ${String(TOO_LONG)} ${refuse('too-long', table.name)}
    BEGIN
    ${images.join('\n    ')}
    ${NOTE_DUPLICATES}
    ${findPlace(isolation)}
    ${record}
    ${[...lockUniqueValues(table, event), ...checks].join('\n    ')}
    END;
  END;`;
}

interface UpdateParts {
  readonly old: Lock;
  readonly now: Lock;
  /** SQL for the row that goes, and for the one that comes, where the key changes. */
  readonly gone: string;
  readonly come: string;
  readonly refuseTooLong: string;
}

/** Most updates leave the key as it is and are what they look like, so one test is enough then. */
function recordUpdate(
  table: TableDefinition,
  { come, gone, now, old, refuseTooLong }: UpdateParts,
): string {
  const shape = shapeOf(table);
  const changed = recordChange(
    now,
    { shape, before: 'old_image', after: 'new_image' },
    FIRST_PLACE,
  );
  const unchanged = recordChange(
    old,
    { shape, before: 'old_image', after: 'old_image' },
    FIRST_PLACE,
  );
  const doubt = mayBeUnwritten(table);
  const isPlain = [
    'old_key = new_key AND old_image IS NOT NULL AND new_image IS NOT NULL',
    ...(doubt === undefined ? [] : [`NOT (${doubt})`]),
  ];
  return `IF ${isPlain.join(' AND ')} THEN
    ${changed}
    ELSE
    ${refuseTooLong}
    IF ${isUnwritten(table, 'old_image')} THEN
    ${unchanged}
    ${doubt === undefined ? '' : `ELSEIF old_key = new_key THEN\n    ${changed}`}
    ELSE
    ${gone}
    ${come}
    END IF;
    END IF;`;
}
