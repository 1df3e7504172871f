/** Rows that are added at once: the sums are then read and written a quarter as often, which takes most of the time. */
const block = 4;

/** The sum over rows of each product of a number of `left` and one of `right`. */
export interface ProductSum {
  /** Adds the products of two rows of length C, which are copied. */
  add(left: Float64Array, right: Float64Array): void;
  /** `[C x C]` row-major, a row for each number of `left`: of all rows so far, to be taken once. */
  finish(): Float64Array;
}

export function createProductSum(channels: number): ProductSum {
  const sums = new Float64Array(channels * channels);
  const [lefts, rights] = [0, 1].map(() => Array.from({ length: block }, () => new Float64Array(channels)));
  const [left0, left1, left2, left3] = lefts;
  const [right0, right1, right2, right3] = rights;
  let waiting = 0;

  const addBlock = (): void => {
    for (let i = 0; i < channels; i++) {
      const [a, b, c, d] = [left0[i], left1[i], left2[i], left3[i]];
      const at = i * channels;
      for (let j = 0; j < channels; j++)
        sums[at + j] += a * right0[j] + b * right1[j] + c * right2[j] + d * right3[j];
    }
    waiting = 0;
  };

  return {
    add(left, right) {
      lefts[waiting].set(left);
      rights[waiting].set(right);
      if (++waiting === block) addBlock();
    },
    finish() {
      for (const left of lefts.slice(waiting)) left.fill(0);
      addBlock();
      return sums;
    },
  };
}
