import type { Rng } from '../simulation/kernel/rng.js';

/** A column, and what its engine knows of its values. */
export interface ColumnModel {
  readonly name: string;
  readonly quoted: string;
  /** SQL that reads a value as text: equal texts are equal values. */
  readonly asText: string;
  /** The value of such a text, as SQL writes it. */
  readonly literal: (text: string) => string;
  /** A value at random, as SQL writes it; undefined where nothing is known of the type. */
  readonly random: (rng: Rng) => string | undefined;
  readonly isNotNull: boolean;
  /** Its values are computed, and cannot be given. */
  readonly isGenerated: boolean;
  /** No UPDATE can set it. */
  readonly isIdentity: boolean;
  /** A counter numbers its rows, in an order that nobody promises. */
  readonly isNumbered: boolean;
  /** The number of a row that is gone is given to the next one. */
  readonly isReused?: boolean;
  /** One can add to its values. */
  readonly isNumber: boolean;
  /** Any whole number is a value. */
  readonly isWhole: boolean;
}

/** Positions of columns. */
export interface KeyModel {
  readonly isPrimary: boolean;
  readonly columns: readonly number[];
}

export interface ReferenceModel {
  readonly columns: readonly number[];
  readonly target: string;
  readonly targetColumns: readonly number[];
  /** A row changes or goes with the one that it refers to. */
  readonly isCascading?: boolean;
}

export interface TableModel {
  readonly name: string;
  readonly sql: string;
  /** As FROM takes it: without the rows of tables that inherit from it. */
  readonly from: string;
  readonly columns: readonly ColumnModel[];
  readonly keys: readonly KeyModel[];
  readonly references: readonly ReferenceModel[];
  readonly hasUserTriggers: boolean;
}

/** What a generator of statements has to know. CHECKs are met, and not understood. */
export interface Model {
  readonly tables: readonly TableModel[];
  /** Why other rows may be right behind a commit than in AT mode, so that none are compared. */
  readonly whyUncompared?: string;
}
