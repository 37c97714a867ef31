// The log of a job: finds lines, and follows what is added until somebody scrolls up.
const log = document.getElementById("log");
const search = document.getElementById("log-search");
const follow = document.getElementById("log-follow");
const count = document.getElementById("log-count");
const NEAR = 24;
let whole = log.textContent;

function show() {
  const wanted = search.value.toLowerCase();
  const lines = whole.split("\n");
  const found = wanted ? lines.filter((line) => line.toLowerCase().includes(wanted)) : lines;
  const text = found.join("\n");
  if (log.textContent !== text) log.textContent = text;
  count.textContent = wanted ? `${found.length} of ${lines.length} lines` : "";
  if (follow.checked) log.scrollTop = log.scrollHeight;
}

// The page keeps what the server sent last, as HTML, beside what is shown of it.
document.addEventListener("news", () => {
  whole = new DOMParser().parseFromString(log.dataset.was || "", "text/html").body.textContent;
  show();
});
search.addEventListener("input", show);
follow.addEventListener("change", show);
log.addEventListener("wheel", () => {
  if (log.scrollHeight - log.scrollTop - log.clientHeight > NEAR) follow.checked = false;
});
log.addEventListener("keydown", (event) => {
  if (["ArrowUp", "PageUp", "Home"].includes(event.key)) follow.checked = false;
});
show();
