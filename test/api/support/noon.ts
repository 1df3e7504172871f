/** The time of all that happens. */
export const noon = Date.UTC(2026, 0, 31, 12);
