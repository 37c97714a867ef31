// Before anything is drawn: that scripts run, and which colours were chosen here.
document.documentElement.classList.add("scripted");
try {
  const chosen = localStorage.getItem("batchyard.colours");
  if (chosen) document.documentElement.dataset.colours = chosen;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}
