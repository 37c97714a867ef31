// Draws the curves of a page with uPlot in place of the server's own drawing, and keeps them up to date.
const DASHES = [[], [7, 4], [2, 4], [10, 3, 2, 3], [4, 2]];
const figures = [...document.querySelectorAll("figure[data-chart]")];
const plots = new Map();
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const digits = (value) => (value == null ? "–" : Number(value.toPrecision(4)).toString());

// uPlot breaks a line at null and draws over undefined.
const cells = (line) => line.map((value) => (value === "NaN" ? null : value === null ? undefined : value));

function marks(chart, best) {
  return (u) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    ctx.lineWidth = 2 * ratio;
    ctx.strokeStyle = style("--bad");
    for (const epoch of chart.gaps) {
      const x = u.valToPos(epoch, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x, bbox.top + bbox.height - 12 * ratio);
      ctx.stroke();
    }
    if (best) {
      const x = u.valToPos(best, "x", true);
      if (x >= bbox.left && x <= bbox.left + bbox.width) {
        ctx.strokeStyle = style("--quiet");
        ctx.lineWidth = ratio;
        ctx.setLineDash([3 * ratio, 3 * ratio]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.fillStyle = style("--quiet");
        const right = x > bbox.left + bbox.width * 0.7;
        ctx.textAlign = right ? "right" : "left";
        ctx.fillText(`best ${best}`, x + (right ? -5 : 5) * ratio, bbox.top + 12 * ratio);
      }
    }
    ctx.restore();
  };
}

function draw(figure, chart, best) {
  const holder = figure.querySelector(".chart");
  const names = Object.keys(chart.lines);
  const data = [chart.epochs, ...names.map((name) => cells(chart.lines[name]))];
  const log = figure.ownerDocument.getElementById("log-scale")?.checked && chart.name !== "lr";
  holder.setAttribute("aria-label", chart.sentence);
  const sentence = figure.querySelector(".sentence");
  if (sentence) sentence.textContent = chart.sentence;
  const held = plots.get(figure);
  if (held && held.names === names.join() && held.log === log && held.best === best) {
    held.chart.gaps = chart.gaps;
    held.plot.setData(data);
    return;
  }
  if (held) held.plot.destroy();
  plots.delete(figure);
  if (!chart.epochs.length) return;
  holder.replaceChildren();
  const axis = { stroke: style("--quiet"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line"), width: 1 } };
  const drawn = { gaps: chart.gaps };
  const plot = new uPlot(
    {
      width: holder.clientWidth,
      height: 260,
      scales: { x: { time: false }, y: log ? { distr: 3 } : { range: (u, low, high) => uPlot.rangeNum(low, high, 0.06, true) } },
      axes: [
        { ...axis, size: 36, values: (u, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick : "")) },
        { ...axis, size: 62, values: (u, ticks) => ticks.map((tick) => (tick == null ? "" : digits(tick))) },
      ],
      series: [
        {},
        ...names.map((name, n) => ({ label: name, stroke: style(`--line-${(n % 6) + 1}`), width: 2, dash: DASHES[n % DASHES.length], spanGaps: false })),
      ],
      cursor: { drag: { x: true, y: false } },
      legend: { show: false },
      hooks: { draw: [marks(drawn, best)], setCursor: [(u) => read(figure, u, names)] },
    },
    data,
    holder,
  );
  plots.set(figure, { plot, names: names.join(), log, best, chart: drawn });
}

function read(figure, u, names) {
  const place = u.cursor.idx;
  const words = place == null ? "" : [`epoch ${u.data[0][place]}`, ...names.map((name, n) => `${name} ${digits(u.data[n + 1][place])}`)].join(" · ");
  figure.querySelector(".reading").textContent = words;
}

function steer(figure) {
  const holder = figure.querySelector(".chart");
  holder.tabIndex = 0;
  holder.addEventListener("keydown", (event) => {
    const u = plots.get(figure)?.plot;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }[event.key];
    if (!u || step === undefined) return;
    event.preventDefault();
    const last = u.data[0].length - 1;
    const place = Math.min(last, Math.max(0, (u.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step));
    u.setCursor({ left: u.valToPos(u.data[0][place], "x"), top: u.over.clientHeight / 2 });
  });
}

let busy = false;
let again = false;

async function load() {
  if (busy) return void (again = true);
  busy = true;
  try {
    const answer = await fetch(figures[0].dataset.chart, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const found = await answer.json();
      for (const [n, figure] of figures.entries()) if (found.charts[n]) draw(figure, found.charts[n], figure.dataset.best ? found.best : null);
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

function resize() {
  for (const [figure, { plot }] of plots) plot.setSize({ width: figure.querySelector(".chart").clientWidth, height: 260 });
}

if (figures.length) {
  figures.forEach(steer);
  document.addEventListener("news", load);
  document.getElementById("log-scale")?.addEventListener("change", load);
  for (const hidden of document.querySelectorAll("[data-script-only]")) hidden.hidden = false;
  addEventListener("resize", resize);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const { plot } of plots.values()) plot.destroy();
    plots.clear();
    load();
  });
  load();
}
