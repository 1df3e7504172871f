/** One mistake in the configuration: where it is, what stands there, and what to do about it. */
export interface Problem {
  /** Dotted path, such as `classes.pump.window.length`. */
  readonly path: string;
  /** What was found, as it stands in the file; undefined when nothing stands there. */
  readonly value: unknown;
  readonly message: string;
  readonly mend: string;
}

const longestValueShown = 60;

/** One line a person can act on. Secrets never reach this function: the file holds references only. */
export function formatProblem(problem: Problem): string {
  const found = problem.value === undefined ? '' : ` (found ${showValue(problem.value)})`;
  return `${problem.path || 'the file'}: ${problem.message}${found}. ${problem.mend}`;
}

function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestValueShown ? `${text.slice(0, longestValueShown)}...` : text;
}

/** The known name nearest to `name` by edit distance, when it is near enough to be a slip of the finger. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** Levenshtein distance by the row-wise recurrence of Wagner and Fischer (1974). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substituted));
    }
    previous = current;
  }
  return previous[b.length]!;
}
