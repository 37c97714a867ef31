// What a chart draws of its numbers: which x, how smooth, how far up and down. Nothing here touches the page.
export const FEW = 20; // validation points below which smoothing would invent a trend

// Return how many units of x the chart's epochs are at: "epoch", "step" or "time" in seconds.
export function places(chart, x, stepsPerEpoch) {
  if (x === "time" && chart.seconds?.length) return chart.seconds;
  if (x === "step" && stepsPerEpoch) return chart.epochs.map((epoch) => epoch * stepsPerEpoch);
  return chart.epochs;
}

// uPlot breaks a line at null and draws over undefined.
export function cells(line) {
  return line.map((value) => (value === "NaN" ? null : value === null ? undefined : value));
}

export function isSmoothed(name, line, weight) {
  if (!weight || name === "lr") return false;
  const known = line.filter((value) => value != null);
  if (known.every((value) => value === known[0])) return false; // what is constant stays so
  return !(name.startsWith("val_") && known.length < FEW);
}

// Return the exponential mean, without the pull towards zero that its first values would have; gaps stay gaps.
export function smoothed(line, weight) {
  let mean = 0;
  let share = 0;
  return line.map((value) => {
    if (value == null) return value;
    mean = weight * mean + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return mean / share;
  });
}

// Return the least and the largest value that are drawn, and how many points lie outside or can't be drawn.
export function reach(lines, { log, outliers }) {
  const all = lines.flat().filter((value) => value != null);
  const kept = log ? all.filter((value) => value > 0) : all;
  if (!kept.length) return { low: 0, high: 1, outside: 0, dropped: all.length };
  const sorted = [...kept].sort((a, b) => a - b);
  let low = sorted[0];
  let high = sorted[sorted.length - 1];
  if (outliers && sorted.length > 4) {
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
    const span = at(0.75) - at(0.25);
    // Where most values are the same, nothing tells an outlier from a start.
    if (span) [low, high] = [Math.max(low, at(0.25) - 3 * span), Math.min(high, at(0.75) + 3 * span)];
  }
  const outside = kept.filter((value) => value < low || value > high).length;
  return { low, high, outside, dropped: all.length - kept.length };
}

export function digits(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  return size && (size < 1e-4 || size >= 1e6) ? value.toExponential(2).replace("e+", "e") : Number(value.toPrecision(4)).toString();
}
