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
  for (const input of row.querySelectorAll("input")) {
    input.value = "";
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  const input = row.querySelector("input");
  input.setAttribute("aria-describedby", "findings-hint");
  row.querySelector("select").selectedIndex = 0;
  row.querySelectorAll(".hint, .suggestions").forEach((part) => part.remove());
  renumber(row, rows.children.length + 1);
  rows.append(row);
  suggestFor(input);
  input.focus();
}

// A combobox with a list (WAI-ARIA Authoring Practices): typing asks the service, arrows choose, Enter takes, Escape closes.
function suggestFor(input) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${input.id}-list`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", rows.dataset.suggestions);
  list.hidden = true;
  input.after(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id })) {
    input.setAttribute(name, value);
  }
  let at = -1, timer = 0, asked = 0;

  const close = () => {
    at = -1;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (next) => {
    at = (next + list.children.length) % list.children.length;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const take = (option) => {
    input.value = option.dataset.value;
    close();
  };
  const show = (matches) => {
    list.replaceChildren(...matches.map((match, i) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${i}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.value = `${match.label} (${match.hpo_id})`;
      option.lang = match.language;
      option.textContent = match.matched === match.label ? match.label : `${match.label} · ${match.matched}`;
      option.addEventListener("pointerdown", (event) => { event.preventDefault(); take(option); });
      return option;
    }));
    at = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !matches.length;
    input.setAttribute("aria-expanded", String(matches.length > 0));
  };
  const ask = async () => {
    const mine = ++asked, query = input.value.trim();
    if (query.length < 2) return close();
    const address = `/phenotypes?limit=8&lang=${rows.dataset.language}&q=${encodeURIComponent(query)}`;
    try {
      const answer = await fetch(address);
      // an older answer than the last question's says nothing any more, nor one after the field was left
      if (answer.ok && mine === asked && document.activeElement === input) show((await answer.json()).matches);
    } catch { close(); }
  };

  close();
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  input.addEventListener("blur", () => { clearTimeout(timer); asked++; close(); });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
    else if (event.key === "Enter" && at >= 0) take(list.children[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
}

// The rules have no findings to pick.
if (rows) {
  document.getElementById("more").addEventListener("click", addRow);
  rows.querySelectorAll("input[name=finding]").forEach(suggestFor);
}

// The printed report has everything open; without this file the browser's own menu prints what is open.
const print = document.getElementById("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
  const folded = () => [...document.querySelectorAll(".result details:not([open])")];
  let opened = [];
  window.addEventListener("beforeprint", () => { opened = folded(); opened.forEach((part) => (part.open = true)); });
  window.addEventListener("afterprint", () => opened.forEach((part) => (part.open = false)));
}

// One press, one prediction.
document.getElementById("form").addEventListener("submit", (event) => {
  if (event.currentTarget.dataset.sent) event.preventDefault();
  event.currentTarget.dataset.sent = "1";
});
window.addEventListener("pageshow", () => delete document.getElementById("form").dataset.sent);
