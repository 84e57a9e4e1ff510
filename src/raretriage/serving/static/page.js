// Without this file the page does the same, with a round trip to the server.
"use strict";

// The number in a row's ids and labels is that of the row.
function renumber(row, number) {
  for (const element of row.querySelectorAll("[id], [for], label")) {
    for (const name of ["id", "for"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(/finding-\d+/, `finding-${number}`));
    }
    if (element.tagName === "LABEL") element.textContent = element.textContent.replace(/\d+/, number);
  }
}

const MAX_ROWS = 60;
const rows = document.getElementById("findings");
document.getElementById("more").addEventListener("click", (event) => {
  event.preventDefault();
  if (rows.children.length >= MAX_ROWS) return;
  const row = rows.lastElementChild.cloneNode(true);
  const input = row.querySelector("input");
  input.value = "";
  input.removeAttribute("aria-invalid");
  input.setAttribute("aria-describedby", "findings-hint");
  row.querySelector("select").selectedIndex = 0;
  row.querySelectorAll(".hint").forEach((hint) => hint.remove());
  renumber(row, rows.children.length + 1);
  rows.append(row);
  input.focus();
});

// One press, one prediction.
document.getElementById("form").addEventListener("submit", (event) => {
  if (event.currentTarget.dataset.sent) event.preventDefault();
  event.currentTarget.dataset.sent = "1";
});
window.addEventListener("pageshow", () => delete document.getElementById("form").dataset.sent);

// After an answer or an error, reading starts there.
const first = document.querySelector(".banner.error") || document.getElementById("result");
if (first) first.scrollIntoView({ block: "start" });
