// A chart as a file or as a table: what is on the screen, with the same lines, axes and gaps.
import { DASHES, colour } from "./plot.js";
import { digits } from "./series.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 860;
const TALL = 420;
const BOX = { left: 70, top: 52, right: 150, bottom: 44 };

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function ticksOf(plot, scale, axis) {
  const { min, max } = plot.scales[scale];
  return (plot.axes[axis]._splits ?? []).filter((tick) => tick != null && tick >= min && tick <= max);
}

export function svg(plot, shown, title, sentence, x) {
  const [width, height] = [WIDTH - BOX.left - BOX.right, TALL - BOX.top - BOX.bottom];
  const { min, max } = plot.scales.x;
  const { min: low, max: high, distr } = plot.scales.y;
  const up = distr === 3 ? Math.log10 : (value) => value;
  const across = (value) => BOX.left + (width * (value - min)) / (max - min || 1);
  const down = (value) => BOX.top + height * (1 - (up(value) - up(low)) / (up(high) - up(low) || 1));
  const root = element("svg", { xmlns: SVG, viewBox: `0 0 ${WIDTH} ${TALL}`, width: WIDTH, height: TALL, role: "img", "font-family": "system-ui, sans-serif", "font-size": 12 });
  root.append(element("title", {}, `${title}. ${sentence}`));
  root.append(element("rect", { width: WIDTH, height: TALL, fill: colour("--surface") }));
  root.append(element("text", { x: BOX.left, y: 28, "font-size": 16, "font-weight": 650, fill: colour("--text") }, title));
  for (const tick of ticksOf(plot, "y", 1)) {
    root.append(element("path", { d: `M${BOX.left} ${down(tick).toFixed(1)}h${width}`, stroke: colour("--line") }));
    root.append(element("text", { x: BOX.left - 8, y: (down(tick) + 4).toFixed(1), "text-anchor": "end", fill: colour("--quiet") }, digits(tick)));
  }
  for (const tick of ticksOf(plot, "x", 0)) root.append(element("text", { x: across(tick).toFixed(1), y: BOX.top + height + 18, "text-anchor": "middle", fill: colour("--quiet") }, digits(tick)));
  root.append(element("text", { x: BOX.left + width / 2, y: TALL - 8, "text-anchor": "middle", fill: colour("--quiet") }, x === "time" ? "seconds" : x));
  root.append(element("path", { d: `M${BOX.left} ${BOX.top}v${height}h${width}`, fill: "none", stroke: colour("--control") }));
  const clip = element("clipPath", { id: "frame" });
  clip.append(element("rect", { x: BOX.left, y: BOX.top - 4, width, height: height + 8 }));
  const lines = element("g", { "clip-path": "url(#frame)", fill: "none" });
  root.append(clip, lines);
  const ends = [];
  for (let n = 1; n < plot.data.length; n++) {
    const series = plot.series[n];
    let path = "";
    let open = false;
    let last = null;
    plot.data[n].forEach((value, place) => {
      if (value === undefined) return;
      const drawable = value !== null && !(distr === 3 && value <= 0);
      if (drawable) {
        const at = plot.data[0][place];
        path += `${open ? "L" : "M"}${across(at).toFixed(1)} ${down(value).toFixed(1)}`;
        last = value;
      }
      open = drawable;
    });
    const index = shown.first.indexOf(n);
    // A faint line has no place of its own: it is what the next, smoothed one was made of.
    const slot = shown.slots[index < 0 ? shown.first.indexOf(n + 1) : index];
    const stroke = colour(`--line-${(slot % 6) + 1}`);
    const dash = index < 0 ? [] : DASHES[slot % DASHES.length];
    lines.append(element("path", { d: path || "M0 0", stroke, "stroke-width": series.width, opacity: series.alpha ?? 1, "stroke-dasharray": dash.join(" ") || "none" }));
    if (index >= 0 && last !== null) ends.push({ y: Math.min(BOX.top + height, Math.max(BOX.top, down(last))), words: shown.names[index], stroke });
  }
  ends.sort((a, b) => a.y - b.y);
  ends.forEach((end, n) => {
    if (n) end.y = Math.max(end.y, ends[n - 1].y + 15);
    root.append(element("text", { x: BOX.left + width + 8, y: end.y + 4, fill: end.stroke, "font-weight": 600 }, end.words));
  });
  for (const gap of shown.gaps) if (gap >= min && gap <= max) root.append(element("path", { d: `M${across(gap).toFixed(1)} ${BOX.top + height}v-12`, stroke: colour("--bad"), "stroke-width": 2 }));
  if (shown.best != null && shown.best >= min && shown.best <= max) {
    root.append(element("path", { d: `M${across(shown.best).toFixed(1)} ${BOX.top}v${height}`, stroke: colour("--quiet"), "stroke-dasharray": "3 3" }));
    root.append(element("text", { x: across(shown.best) + 5, y: BOX.top + 12, fill: colour("--quiet") }, `best ${shown.bestEpoch}`));
  }
  return new XMLSerializer().serializeToString(root);
}

function save(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

export function saveSvg(text, name) {
  save(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`, name);
}

// The policy lets a page load pictures from itself and from data, so the SVG becomes pixels by way of an image.
export async function savePng(text, name) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * WIDTH, 2 * TALL];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  save(canvas.toDataURL("image/png"), name);
}

export function table(chart, title) {
  const names = Object.keys(chart.lines);
  const made = document.createElement("table");
  const caption = made.createCaption();
  caption.textContent = chart.epochs.length < chart.recorded ? `${title}: ${chart.epochs.length} of ${chart.recorded} epochs, with every peak` : title;
  const heads = made.createTHead().insertRow();
  for (const name of ["epoch", ...names]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.className = "n";
    cell.textContent = name;
    heads.append(cell);
  }
  const rows = made.createTBody();
  chart.epochs.forEach((epoch, n) => {
    const row = rows.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.className = "n";
    head.textContent = epoch;
    row.append(head);
    for (const name of names) {
      const cell = row.insertCell();
      const value = chart.lines[name][n];
      cell.className = "n";
      cell.textContent = typeof value === "string" ? value : digits(value);
      if (typeof value === "number") cell.title = String(value);
    }
  });
  return made;
}
