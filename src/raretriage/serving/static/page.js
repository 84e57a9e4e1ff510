// Without this file the page does the same, with a round trip to the server.
"use strict";

const MAX_ROWS = 60;
const rows = document.getElementById("findings");

// The number in a row's ids and labels is that of the row.
function renumber(row, number) {
  for (const element of row.querySelectorAll("[id], [for]")) {
    for (const name of ["id", "for"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(/finding-\d+/, `finding-${number}`));
    }
  }
  for (const element of row.querySelectorAll(".number")) element.textContent = number;
}

function addRow(event) {
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
}

// The rules have no findings to pick.
if (rows) document.getElementById("more").addEventListener("click", addRow);

// One press, one prediction.
document.getElementById("form").addEventListener("submit", (event) => {
  if (event.currentTarget.dataset.sent) event.preventDefault();
  event.currentTarget.dataset.sent = "1";
});
window.addEventListener("pageshow", () => delete document.getElementById("form").dataset.sent);
