// The form of a new job: takes a file that is dropped, and says what the form would make as soon as a field is left.
const drop = document.getElementById("drop");
const file = document.getElementById("file");
const upload = document.getElementById("upload");
const form = document.getElementById("job-form");
const review = document.getElementById("review");
const json = document.getElementById("spec");

if (drop && file) {
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    file.files = event.dataTransfer.files;
    upload.requestSubmit();
  });
  file.addEventListener("change", () => file.files.length && upload.requestSubmit());
  upload.addEventListener("submit", () => {
    const chosen = file.files[0];
    if (chosen) document.getElementById("upload-note").textContent = `Reading ${chosen.name} …`;
  });
}

let edited = "form"; // which of the two was changed last; the other one follows

function hint() {
  for (const field of form.querySelectorAll("[data-field]")) {
    const fault = review.querySelector(`[data-fault="${CSS.escape(field.dataset.field)}"]`);
    if (fault) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  const hidden = document.getElementById("model")?.value !== "mlp";
  document.getElementById("hidden-field")?.toggleAttribute("hidden", hidden);
}

function follow() {
  const spec = review.querySelector("#checked-spec");
  if (!spec) return; // it is no spec yet: both stay as they were written
  if (edited === "form") {
    json.value = spec.textContent;
    return;
  }
  for (const said of review.querySelectorAll("[data-value-of]")) {
    const field = document.getElementById(said.dataset.valueOf);
    if (!field || field === document.activeElement) continue;
    const value = said.textContent;
    if (field.tagName === "SELECT" && ![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
    field.value = value;
  }
}

let last = "";
let asked = 0;

function values() {
  // The attribute by its name: a field that is called dataset hides the property.
  const data = new URLSearchParams(new FormData(form));
  data.set("edited", edited);
  return data;
}

async function check() {
  const data = values();
  if (data.toString() === last) return;
  last = data.toString();
  const mine = ++asked;
  try {
    const answer = await fetch(form.getAttribute("data-check"), { method: "POST", body: data, headers: { Accept: "text/html" } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return; // a later answer is on its way
    const open = [...review.querySelectorAll("details[open]")].map((one) => one.querySelector("summary").textContent);
    if (answer.ok) review.replaceChildren(...found.body.childNodes);
    else review.textContent = "The form could not be checked. Reload the page.";
    for (const one of review.querySelectorAll("details")) one.open = open.includes(one.querySelector("summary").textContent);
    follow();
    hint();
    last = values().toString();
  } catch {
    last = "";
  }
}

if (form) {
  form.addEventListener("input", (event) => (edited = event.target === json ? "json" : "form"));
  form.addEventListener("focusout", check);
  form.addEventListener("change", check);
  form.addEventListener("formdata", ({ formData }) => formData.set("edited", edited));
  last = values().toString();
  hint();
}
