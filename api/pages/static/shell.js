// What stands around every page: colours, the question before something is lost, shortcuts and the list of them.
const PAGES = { j: "/", n: "/new", d: "/datasets", m: "/models", c: "/compare", q: "/queue" };
const COLOURS = ["", "light", "dark"];
const SWITCH = "batchyard.shortcuts";

function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing has the defaults
  }
}

function keep(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // It holds until the page is left.
  }
}

function changeColours() {
  const root = document.documentElement;
  const next = COLOURS[(COLOURS.indexOf(root.dataset.colours || "") + 1) % COLOURS.length];
  if (next) root.dataset.colours = next;
  else delete root.dataset.colours;
  keep("batchyard.colours", next);
  document.getElementById("announce").textContent = next ? `${next} colours` : "Colours follow the system";
  sayColours();
  document.dispatchEvent(new Event("colours"));
}

function sayColours() {
  const now = document.documentElement.dataset.colours || "follow the system";
  document.getElementById("colours")?.setAttribute("title", `Colours: ${now}`);
}

// A dialog gives the focus back by itself to what had it.
function ask(form, button) {
  const dialog = document.getElementById("sure");
  dialog.querySelector("h2").textContent = form.dataset.sure || button.dataset.sure;
  const chosen = document.querySelectorAll("input[name=jobs]:checked").length;
  dialog.querySelector("p").textContent = button.name === "verb" ? `${chosen} selected.` : "This can't be undone.";
  const yes = dialog.querySelector("[value=yes]");
  yes.textContent = button.textContent.trim();
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.answered = "yes";
    form.requestSubmit(button);
  };
  dialog.showModal();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!button || form.dataset.answered || !(form.dataset.sure || button.dataset.sure)) return;
  event.preventDefault();
  ask(form, button);
});

function isTyping(target) {
  return target.closest("input, select, textarea, dialog, [contenteditable]") !== null;
}

function shortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "?") return void document.getElementById("keys").showModal();
  if (kept(SWITCH) === "off") return;
  const tabs = document.querySelectorAll(".tabs a");
  const search = document.querySelector("input[type=search]");
  if (PAGES[event.key]) location.assign(PAGES[event.key]);
  else if (/^[1-9]$/.test(event.key) && tabs[event.key - 1]) tabs[event.key - 1].click();
  else if (event.key === "/" && search) search.focus();
  else return;
  event.preventDefault();
}

// The page to log in has neither: its keys would lead to pages that lead back to it.
document.getElementById("colours")?.addEventListener("click", changeColours);
const showKeys = document.getElementById("show-keys");
showKeys?.addEventListener("click", () => document.getElementById("keys").showModal());
if (showKeys) document.addEventListener("keydown", shortcut);
const toggle = document.getElementById("use-shortcuts");
if (toggle) {
  toggle.checked = kept(SWITCH) !== "off";
  toggle.addEventListener("change", () => keep(SWITCH, toggle.checked ? "" : "off"));
}
sayColours();
