const SHOWN = 20;

/** Prints the figures of a drill, its verdict last: `held`, or `broken` with what broke, which ends it with code 1. */
export function report({ breaches, ...figures }, json) {
  const shown = breaches.slice(0, SHOWN);
  const verdict = breaches.length === 0 ? 'held' : 'broken';
  const result = { ...figures, breaches: breaches.length, first_breaches: shown, verdict };
  console.log(json ? JSON.stringify([result]) : JSON.stringify(result, null, 2));
  if (breaches.length > 0) process.exitCode = 1;
}
