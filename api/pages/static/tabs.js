// The parts of a job as tabs: arrow keys, Home and End go along them, Enter opens one. Without scripts they are links.
const OPENED = "batchyard.tab";
const list = document.querySelector(".tabs");
const tabs = [...list.querySelectorAll("a")];
const open = tabs.find((tab) => tab.getAttribute("aria-current")) || tabs[0];
const panel = document.getElementById("part");

function remember(value) {
  try {
    const was = sessionStorage.getItem(OPENED);
    if (value) sessionStorage.setItem(OPENED, value);
    else sessionStorage.removeItem(OPENED);
    return was;
  } catch {
    return null; // a browser that keeps nothing begins each page at its top
  }
}

function move(event) {
  const from = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (from < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  tabs[(to + tabs.length) % tabs.length].focus();
}

list.setAttribute("role", "tablist");
for (const tab of tabs) {
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-selected", String(tab === open));
  tab.removeAttribute("aria-current");
  if (tab === open) tab.setAttribute("aria-controls", panel.id); // the others' parts are on pages of their own
  else tab.tabIndex = -1;
  tab.addEventListener("click", (event) => event.detail || remember(location.pathname)); // by a key, not by a pointer
  tab.addEventListener("keydown", (event) => event.key === " " && (event.preventDefault(), tab.click()));
}
list.addEventListener("keydown", move);
// Who leaves the list comes back to the open tab.
list.addEventListener("focusout", ({ relatedTarget }) => {
  if (!list.contains(relatedTarget)) for (const tab of tabs) tab.tabIndex = tab === open ? 0 : -1;
});
list.addEventListener("focusin", ({ target }) => tabs.forEach((tab) => (tab.tabIndex = tab === target ? 0 : -1)));
panel.setAttribute("role", "tabpanel");
panel.setAttribute("aria-labelledby", open.id);
if (remember("") === location.pathname) open.focus({ preventScroll: true });
