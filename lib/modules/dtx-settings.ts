/** Injection token of the checked options. */
export const DTX_SETTINGS = Symbol.for('dtx:settings');
