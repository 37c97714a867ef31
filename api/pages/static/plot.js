// Draws one chart with uPlot: lines that differ by hue, dash and mark, their names at their ends, and what is marked.
import { cells, digits, isSmoothed, places, reach, smoothed } from "./series.js";

export const DASHES = [[], [7, 4], [2, 4], [10, 3, 2, 3], [4, 2]];
export const HEIGHT = 280;
const LABELS = 118; // room at the right for the names of lines
const NARROW = 480;
const probe = document.createElement("i");

// Return a colour of the stylesheet as the canvas takes it: the probe decides between light and dark.
export function colour(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

export function mark(ctx, n, x, y, size) {
  ctx.beginPath();
  if (n % 4 === 0) ctx.arc(x, y, size, 0, 2 * Math.PI);
  else if (n % 4 === 1) ctx.rect(x - size, y - size, 2 * size, 2 * size);
  else {
    const up = n % 4 === 2 ? 1 : -1;
    ctx.moveTo(x, y - up * size * 1.2);
    ctx.lineTo(x + size * 1.2, y + up * size);
    ctx.lineTo(x - size * 1.2, y + up * size);
    ctx.closePath();
  }
  ctx.fill();
}

function drawMarks(u, shown) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const right = bbox.left + bbox.width;
  const ends = [];
  ctx.save();
  ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  shown.names.forEach((name, place) => {
    const n = shown.slots[place];
    const line = u.data[shown.first[place]];
    const known = line.map((value, i) => i).filter((i) => line[i] != null && u.data[0][i] >= u.scales.x.min && u.data[0][i] <= u.scales.x.max);
    if (!known.length) return;
    ctx.fillStyle = colour(`--line-${(n % 6) + 1}`);
    const every = Math.max(1, Math.ceil(known.length / 7));
    ctx.beginPath();
    for (let k = 0; k < known.length; k += every) {
      const [x, y] = [u.valToPos(u.data[0][known[k]], "x", true), u.valToPos(line[known[k]], "y", true)];
      if (Number.isFinite(y) && y >= bbox.top && y <= bbox.top + bbox.height) mark(ctx, n, x, y, (known.length === 1 ? 5 : 3.2) * ratio);
    }
    const last = known[known.length - 1];
    const y = u.valToPos(line[last], "y", true);
    if (Number.isFinite(y)) ends.push({ n, y: Math.min(bbox.top + bbox.height, Math.max(bbox.top, y)), words: known.length === 1 ? `${name} ${digits(line[last])}` : name });
  });
  if (u.width >= NARROW) {
    // Names that would lie on each other move apart.
    ends.sort((a, b) => a.y - b.y);
    for (let k = 1; k < ends.length; k++) ends[k].y = Math.max(ends[k].y, ends[k - 1].y + 15 * ratio);
    const over = ends.length ? Math.max(0, ends[ends.length - 1].y - bbox.top - bbox.height) : 0;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    for (const end of ends) {
      ctx.fillStyle = colour(`--line-${(end.n % 6) + 1}`);
      const words = end.words.length > 17 ? `${end.words.slice(0, 16)}…` : end.words;
      ctx.fillText(words, right + 6 * ratio, end.y - over);
    }
  }
  ctx.textBaseline = "alphabetic";
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.lineWidth = 2 * ratio;
  ctx.strokeStyle = colour("--bad");
  for (const place of shown.gaps) {
    const x = u.valToPos(place, "x", true);
    if (x < bbox.left || x > right) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x, bbox.top + bbox.height - 12 * ratio);
    ctx.stroke();
  }
  const x = shown.best == null ? NaN : u.valToPos(shown.best, "x", true);
  if (x >= bbox.left && x <= right) {
    ctx.strokeStyle = ctx.fillStyle = colour("--quiet");
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const left = x > bbox.left + bbox.width * 0.7;
    ctx.textAlign = left ? "right" : "left";
    ctx.fillText(`best ${shown.bestEpoch}`, x + (left ? -5 : 5) * ratio, bbox.top + 12 * ratio);
  }
  ctx.restore();
}

function drawBand(u, shown) {
  if (shown.best == null || shown.until == null) return;
  const { ctx, bbox } = u;
  const right = bbox.left + bbox.width;
  const from = Math.max(bbox.left, u.valToPos(shown.best, "x", true));
  const to = Math.min(right, u.valToPos(shown.until, "x", true));
  if (to <= from) return;
  ctx.save();
  ctx.fillStyle = colour("--sunken");
  ctx.fillRect(from, bbox.top, to - from, bbox.height);
  ctx.fillStyle = colour("--quiet");
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  const words = `patience, ${shown.patience} epochs`;
  if (ctx.measureText(words).width + 10 < to - from) ctx.fillText(words, from + 5 * devicePixelRatio, bbox.top + 28 * devicePixelRatio);
  ctx.restore();
}

function logarithmic(low, high) {
  const margin = Math.max(1.1, (high / low) ** 0.05);
  return [low / margin, high * margin];
}

// Return what is drawn of a chart with these settings: the columns of uPlot, the series, and the marks.
function shownOf(chart, found, view) {
  const x = places(chart, view.x, found.steps_per_epoch);
  const at = new Map(chart.epochs.map((epoch, n) => [epoch, x[n]]));
  const names = Object.keys(chart.lines).filter((name) => !view.hidden?.has(name));
  const orders = Object.keys(chart.lines);
  const data = [x];
  const series = [{}];
  const first = [];
  const raw = [];
  for (const name of names) {
    const n = orders.indexOf(name);
    const line = cells(chart.lines[name]);
    const how = { stroke: colour(`--line-${(n % 6) + 1}`), dash: DASHES[n % DASHES.length], width: 2, points: { show: false } };
    raw.push(line);
    if (isSmoothed(name, line, view.smooth)) {
      data.push(line, smoothed(line, view.smooth));
      series.push({ ...how, label: `${name}, as it is`, alpha: 0.3, width: 1.5, dash: [] }, { ...how, label: name });
      first.push(data.length - 1);
    } else {
      data.push(line);
      series.push({ ...how, label: name });
      first.push(data.length - 1);
    }
  }
  const step = chart.epochs.length > 1 ? x[x.length - 1] / chart.epochs[chart.epochs.length - 1] : 1;
  const best = view.best ? found.best : null;
  return {
    data,
    series,
    first,
    names,
    slots: names.map((name) => orders.indexOf(name)),
    raw,
    best: best == null ? null : at.get(best),
    bestEpoch: best,
    patience: found.patience,
    until: best != null && found.patience && chart.name === "cost" ? (at.get(best) ?? best) + found.patience * step : null,
    gaps: chart.gaps.map((epoch) => at.get(epoch)).filter((place) => place !== undefined),
    reach: reach(raw, view),
  };
}

// Draw a chart into a holder, or renew the one that is there; return the plot and what it shows.
export function draw(holder, chart, found, view, held) {
  const shown = shownOf(chart, found, view);
  const shape = JSON.stringify([shown.names, view.x, view.log, view.smooth, view.outliers, shown.series.length]);
  if (held?.shape === shape) {
    Object.assign(held.shown, shown);
    held.plot.setData(shown.data, !held.zoomed);
    if (held.zoomed) held.plot.redraw();
    return held;
  }
  held?.plot.destroy();
  holder.replaceChildren();
  const current = { ...shown };
  const grid = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: colour("--quiet"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
  const whole = view.x !== "time";
  const bounds = () => [current.reach.low, current.reach.high];
  const made = { shape, shown: current, zoomed: false };
  made.plot = new uPlot(
    {
      width: holder.clientWidth,
      height: HEIGHT,
      padding: [12, holder.clientWidth >= NARROW ? LABELS : 14, 0, 0],
      scales: {
        x: { time: false, range: (u, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
        y: view.log ? { distr: 3, range: () => logarithmic(...bounds()) } : { range: () => uPlot.rangeNum(...bounds(), 0.06, true) },
      },
      axes: [
        { ...axis, size: 34, values: (u, ticks) => ticks.map((tick) => (whole && !Number.isInteger(tick) ? "" : whole ? tick.toLocaleString("en") : `${tick} s`)) },
        { ...axis, size: 62, values: (u, ticks) => ticks.map((tick) => (tick == null ? "" : digits(tick))) },
      ],
      series: current.series,
      cursor: { drag: { x: true, y: false }, sync: { key: "charts", scales: ["x", null] }, points: { size: 8 } },
      legend: { show: false },
      hooks: {
        drawClear: [(u) => drawBand(u, current)],
        draw: [(u) => drawMarks(u, current)],
        setCursor: [(u) => view.read?.(u, current)],
        setSelect: [() => (made.zoomed = true)],
      },
    },
    current.data,
    holder,
  );
  made.plot.over.addEventListener("dblclick", () => (made.zoomed = false));
  return made;
}
