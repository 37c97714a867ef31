// The curves of a page: reads their points, draws those in sight, and keeps controls, address and charts alike.
import { draw, HEIGHT } from "./plot.js";
import { saveSvg, savePng, svg, table } from "./picture.js";
import { digits } from "./series.js";

const figures = [...document.querySelectorAll("figure[data-chart]")];
const controls = document.getElementById("chart-controls");
const held = new Map();
const inSight = new Set();
const view = { x: "epoch", log: false, smooth: 0, outliers: false, best: true, hidden: new Set() };
let found = null;
let active = null; // the chart whose value is read aloud

// What is set stands in the address, so that a link shows the same.
function readAddress() {
  const asked = new URLSearchParams(location.search);
  view.x = ["step", "time"].includes(asked.get("x")) ? asked.get("x") : "epoch";
  view.log = asked.get("y") === "log";
  view.smooth = Math.min(0.99, Math.max(0, Number(asked.get("smooth")) || 0));
  view.outliers = asked.get("outliers") === "hidden";
  view.hidden = new Set((asked.get("hide") || "").split(",").filter(Boolean).map((n) => Number(n)));
}

function writeAddress() {
  const address = new URL(location.href);
  const values = { x: view.x === "epoch" ? "" : view.x, y: view.log ? "log" : "", smooth: view.smooth || "", outliers: view.outliers ? "hidden" : "", hide: [...view.hidden].join(",") };
  for (const [name, value] of Object.entries(values)) {
    if (value === "") address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  }
  history.replaceState(null, "", address);
}

function showControls() {
  if (!controls) return;
  controls.elements.x.value = view.x;
  controls.elements.log.checked = view.log;
  controls.elements.smooth.value = view.smooth;
  controls.elements.outliers.checked = view.outliers;
  document.getElementById("smooth-value").textContent = view.smooth.toFixed(2);
}

function chartOf(figure) {
  return found?.charts[Number(figure.dataset.place)];
}

function read(figure, u, shown) {
  const place = u.cursor.idx;
  const reading = figure.querySelector(".reading");
  if (place == null || !found) return void (reading.textContent = "");
  const chart = chartOf(figure);
  const where = view.x === "epoch" ? "" : view.x === "time" ? ` (${digits(u.data[0][place])} s)` : ` (step ${u.data[0][place]})`;
  const values = shown.names.map((name, n) => {
    const value = chart.lines[name][place];
    return `${name} ${typeof value === "string" ? value : digits(shown.raw[n][place])}`;
  });
  const words = `epoch ${chart.epochs[place]}${where} · ${values.join(" · ")}`;
  reading.setAttribute("aria-live", figure === active ? "polite" : "off");
  if (reading.textContent !== words) reading.textContent = words;
}

function paint(figure) {
  const chart = chartOf(figure);
  if (!chart) return;
  const holder = figure.querySelector(".chart");
  holder.setAttribute("aria-label", chart.sentence);
  figure.querySelector(".sentence").textContent = chart.sentence;
  if (!chart.epochs.length || !inSight.has(figure)) return;
  const lines = Object.keys(chart.lines);
  const hidden = new Set([...view.hidden].map((n) => lines[n - 1]).filter(Boolean));
  const settings = { ...view, hidden, best: Boolean(figure.dataset.best), log: view.log && chart.name !== "lr", read: (u, shown) => read(figure, u, shown) };
  held.set(figure, draw(holder, chart, found, settings, held.get(figure)));
  const { outside, dropped } = held.get(figure).shown.reach;
  const badge = figure.querySelector(".badge");
  const said = [];
  if (outside) said.push(`${outside} ${outside === 1 ? "point lies" : "points lie"} outside and ${outside === 1 ? "is" : "are"} hidden`);
  if (dropped && settings.log) said.push(`${dropped} ${dropped === 1 ? "point is" : "points are"} not above 0 and can't be drawn on a logarithmic axis`);
  badge.textContent = said.join("; ");
  badge.hidden = !said.length;
  const rows = figure.querySelector(".chart-table");
  if (rows && !rows.hidden) rows.replaceChildren(table(chart, titleOf(figure)));
}

function titleOf(figure) {
  return figure.querySelector("h2").textContent;
}

function paintAll() {
  showControls();
  figures.forEach(paint);
}

let busy = false;
let again = false;

async function load() {
  if (busy) return void (again = true);
  busy = true;
  try {
    const answer = await fetch(figures[0].dataset.chart, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      found = await answer.json();
      figures.forEach(paint);
    }
  } catch {
    // The server is away: the page asks again when it is back.
  }
  busy = false;
  if (again) {
    again = false;
    load();
  }
}

function point(index) {
  for (const { plot } of held.values()) {
    const place = Math.min(index, plot.data[0].length - 1);
    plot.setCursor({ left: plot.valToPos(plot.data[0][place], "x"), top: plot.over.clientHeight / 2 }, true, false);
  }
}

function zoom(plot, factor) {
  const all = plot.data[0];
  const [first, last] = [all[0], all[all.length - 1]];
  const { min, max } = plot.scales.x;
  const middle = plot.cursor.idx == null ? (min + max) / 2 : all[plot.cursor.idx];
  const span = Math.min(last - first, Math.max((max - min) * factor, (last - first) / all.length));
  const low = Math.max(first, Math.min(last - span, middle - span / 2));
  for (const one of held.values()) {
    one.zoomed = span < last - first;
    one.plot.setScale("x", { min: low, max: low + span });
  }
}

function steer(figure) {
  const holder = figure.querySelector(".chart");
  holder.tabIndex = 0;
  holder.addEventListener("focus", () => (active = figure));
  holder.addEventListener("keydown", (event) => {
    const plot = held.get(figure)?.plot;
    if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = plot.data[0].length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) point(Math.min(last, Math.max(0, (plot.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step)));
    else if (event.key === "+" || event.key === "=") zoom(plot, 0.5);
    else if (event.key === "-") zoom(plot, 2);
    else if (event.key === "0") zoom(plot, Infinity);
    else return;
    event.preventDefault();
  });
}

function addButtons(figure) {
  const row = document.createElement("div");
  row.className = "row chart-buttons";
  const rows = document.createElement("div");
  rows.className = "scroll tall chart-table";
  rows.hidden = true;
  rows.tabIndex = 0;
  rows.setAttribute("role", "region");
  rows.setAttribute("aria-label", `${titleOf(figure)} as a table`);
  const name = `${(found?.name || document.querySelector("h1")?.textContent || "curve").trim()}-${titleOf(figure)}`.replace(/[^\w.-]+/g, "-").toLowerCase();
  const picture = () => {
    const { plot, shown } = held.get(figure) ?? {};
    return plot && svg(plot, shown, `${document.querySelector("h1").textContent.trim()}: ${titleOf(figure)}`, chartOf(figure).sentence, view.x);
  };
  const button = (words, action, spoken) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "plain";
    made.textContent = words;
    made.setAttribute("aria-label", spoken);
    made.addEventListener("click", () => action(made));
    row.append(made);
    return made;
  };
  button("Table", (made) => {
    rows.hidden = !rows.hidden;
    made.setAttribute("aria-expanded", String(!rows.hidden));
    if (!rows.hidden && chartOf(figure)) rows.replaceChildren(table(chartOf(figure), titleOf(figure)));
  }, `Table: ${titleOf(figure)}`).setAttribute("aria-expanded", "false");
  button("SVG", () => picture() && saveSvg(picture(), `${name}.svg`), `SVG: download ${titleOf(figure)}`);
  button("PNG", () => picture() && savePng(picture(), `${name}.png`), `PNG: download ${titleOf(figure)}`);
  figure.querySelector(".figure-head").append(row);
  figure.append(rows);
}

function listenToControls() {
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", () => {
    view.x = controls.elements.x.value;
    view.log = controls.elements.log.checked;
    view.smooth = Number(controls.elements.smooth.value);
    view.outliers = controls.elements.outliers.checked;
    writeAddress();
    paintAll();
  });
}

function redraw() {
  for (const { plot } of held.values()) plot.destroy();
  held.clear();
  figures.forEach(paint);
}

if (figures.length) {
  readAddress();
  for (const hidden of document.querySelectorAll("[data-script-only]")) hidden.hidden = false;
  if (controls) listenToControls();
  figures.forEach(steer);
  figures.forEach(addButtons);
  showControls();
  document.addEventListener("news", load);
  document.addEventListener("colours", redraw);
  for (const box of document.querySelectorAll("[data-show-line]")) {
    box.checked = !view.hidden.has(Number(box.dataset.showLine));
    box.addEventListener("change", () => {
      if (box.checked) view.hidden.delete(Number(box.dataset.showLine));
      else view.hidden.add(Number(box.dataset.showLine));
      writeAddress();
      paintAll();
    });
  }
  addEventListener("resize", () => {
    for (const [figure, { plot }] of held) plot.setSize({ width: figure.querySelector(".chart").clientWidth, height: HEIGHT });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting || inSight.has(target)) continue;
      inSight.add(target);
      paint(target);
    }
  }, { rootMargin: "200px" });
  figures.forEach((figure) => watcher.observe(figure));
  load();
}
