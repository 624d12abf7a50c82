// @ts-check
/** Learning curves as they are drawn: smoothed, and joined to groups. Pure functions. */

/** @typedef {{ trials: Uint32Array, starts: Uint32Array, steps: Float64Array, values: Float64Array }} Curves */
/** @typedef {{ label: string, trials: number, steps: number[], mean: number[], low: number[], high: number[] }} Band */

/**
 * Each value mixed with what came before it, so that noise is evened out (exponentially weighted,
 * with the weight of the missing past taken out again). What is not finite stays as it is.
 * @param {Curves} curves @param {number} weight of the past, from 0 (as it is) to below 1
 * @returns {Curves}
 */
export function smoothed(curves, weight) {
  if (!(weight > 0)) return curves;
  const values = new Float64Array(curves.values.length);
  for (let i = 0; i + 1 < curves.starts.length; i++) {
    let mean = 0;
    let mass = 0;
    for (let at = curves.starts[i]; at < curves.starts[i + 1]; at++) {
      const v = curves.values[at];
      if (v - v !== 0) {
        values[at] = v;
        continue;
      }
      mean = mean * weight + v * (1 - weight);
      mass = mass * weight + (1 - weight);
      values[at] = mean / mass;
    }
  }
  return { ...curves, values };
}

/**
 * The mean and the spread of each group at every step that two of it have, or its only curve.
 * @param {Curves} curves @param {(trial: number) => string} groupOf
 * @returns {Band[]} the largest groups first
 */
export function bands(curves, groupOf) {
  /** @type {Map<string, { trials: number, at: Map<number, number[]> }>} */
  const groups = new Map();
  for (let i = 0; i < curves.trials.length; i++) {
    const label = groupOf(curves.trials[i]);
    const group = groups.get(label) ?? { trials: 0, at: new Map() };
    groups.set(label, group);
    group.trials++;
    for (let k = curves.starts[i]; k < curves.starts[i + 1]; k++) {
      if (curves.values[k] - curves.values[k] !== 0) continue;
      const there = group.at.get(curves.steps[k]);
      if (there) there.push(curves.values[k]);
      else group.at.set(curves.steps[k], [curves.values[k]]);
    }
  }
  const found = [...groups].map(([label, { trials, at }]) => {
    const steps = [...at.keys()].filter((step) => trials === 1 || /** @type {number[]} */ (at.get(step)).length > 1).sort((a, b) => a - b);
    const values = steps.map((step) => /** @type {number[]} */ (at.get(step)));
    return {
      label,
      trials,
      steps,
      mean: values.map((list) => list.reduce((a, b) => a + b, 0) / list.length),
      low: values.map((list) => Math.min(...list)),
      high: values.map((list) => Math.max(...list)),
    };
  });
  return found.filter((band) => band.steps.length > 0).sort((a, b) => b.trials - a.trials);
}
