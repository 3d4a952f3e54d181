/** Where the two branches of a measured transaction are. */
export const RESOURCE_IDS = ['bench-orders', 'bench-wallet'] as const;
