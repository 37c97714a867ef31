// What every page does: keep itself up to date, say when the server is gone, copy texts.
const body = document.body;
const known = JSON.parse(body.dataset.watch || "{}");
const topics = Object.keys(known);
let shownAt = Date.now();
let wanted = false;
let busy = false;
let up = false;

function showLive() {
  const live = document.getElementById("live");
  if (live) live.hidden = !up;
}

function showGone() {
  document.getElementById("gone")?.removeAttribute("hidden");
}

function keyOf(element) {
  return [element.tagName, element.id, element.name, element.value, element.getAttribute("href")].join("|");
}

function replace(fresh) {
  if (fresh.body.dataset.kind !== body.dataset.kind) return location.reload();
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (!next) {
      region.replaceChildren();
      continue;
    }
    if (next.innerHTML === region.dataset.was) continue;
    region.dataset.was = next.innerHTML;
    const focused = region.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const opened = new Set([...region.querySelectorAll("details[open] > summary")].map((e) => e.textContent));
    const checked = new Set([...region.querySelectorAll("input:checked")].map(keyOf));
    region.replaceChildren(...document.adoptNode(next).childNodes);
    for (const input of region.querySelectorAll("input[type=checkbox]")) if (checked.has(keyOf(input))) input.checked = true;
    for (const summary of region.querySelectorAll("details > summary")) if (opened.has(summary.textContent)) summary.parentElement.open = true;
    if (focused) [...region.querySelectorAll("a, button, input, select, textarea, summary")].find((e) => keyOf(e) === focused)?.focus();
  }
}

async function refresh() {
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    const began = performance.now();
    try {
      const answer = await fetch(body.dataset.refresh || location.href, { headers: { Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const before = document.querySelector("[data-status]")?.dataset.status;
      if (answer.ok) replace(fresh);
      else if (answer.status === 404) showGone();
      showLive(); // it may stand in what was renewed
      const after = document.querySelector("[data-status]")?.dataset.status;
      if (before && after && before !== after) document.getElementById("announce").textContent = after;
      shownAt = Date.now();
      document.dispatchEvent(new Event("news"));
    } catch {
      wanted = true;
      break; // the server is away: asked again when it is back
    }
    // A page that is slow to make is made less often.
    await new Promise((done) => setTimeout(done, Math.max(400, 3 * (performance.now() - began))));
  }
  busy = false;
}

function hear({ data }) {
  const banner = document.getElementById("connection");
  banner.hidden = data.up;
  up = data.up;
  showLive();
  body.classList.toggle("stale", !data.up);
  if (!data.up) {
    const age = Math.round((Date.now() - data.heard) / 1000);
    document.getElementById("age").textContent = `What you see is ${age} s old.`;
    wanted = true; // when it is back, whatever happened meanwhile
    return;
  }
  for (const topic of topics) {
    const mark = data.marks[topic];
    if (mark === undefined || mark === known[topic]) continue;
    // A job that is deleted has no page to ask for: what is shown stays, under a line that says so.
    if (mark === "gone") showGone();
    else if (known[topic] !== "") wanted = true;
    known[topic] = mark;
  }
  if (wanted) refresh();
}

function listen() {
  if (!topics.length) return;
  let port;
  try {
    const shared = new SharedWorker(body.dataset.worker, { name: `batchyard ${body.dataset.owner}` });
    port = shared.port;
  } catch {
    port = new Worker(body.dataset.worker); // a browser without shared workers: a stream for each tab
  }
  port.onmessage = hear;
  port.postMessage({ hello: true, topics });
  setInterval(() => port.postMessage({ topics }), 20000);
  addEventListener("pagehide", () => port.postMessage({ bye: true }));
  addEventListener("pageshow", (event) => event.persisted && port.postMessage({ hello: true, topics }));
}

addEventListener("offline", () => hear({ data: { up: false, heard: shownAt, marks: {} } }));

// Regions are renewed, so the document listens, not each button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.dataset.copy && `pre[aria-label="${CSS.escape(button.dataset.copy)}"]`;
  const source = label ? button.closest(".copies").querySelector(label) : button.closest(".copy").querySelector("pre, [data-text]");
  const words = button.textContent;
  if (words === "Copied") return;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy"; // no clipboard where the page is not served securely
  }
  setTimeout(() => (button.textContent = words), 2000);
});

document.addEventListener("change", (event) => {
  const said = document.getElementById("chosen");
  if (!said || !event.target.matches("input[name=jobs], [data-choose-all]")) return;
  const count = document.querySelectorAll("input[name=jobs]:checked").length;
  said.textContent = count ? `${count} selected:` : "With the selected jobs:";
});

for (const all of document.querySelectorAll("[data-choose-all]")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of all.form.querySelectorAll("input[name=jobs]")) box.checked = all.checked;
  });
}

for (const region of document.querySelectorAll("[data-live]")) region.dataset.was = region.innerHTML;
listen();
