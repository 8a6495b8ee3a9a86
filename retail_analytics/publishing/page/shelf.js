/* The shelf's search: hides the rows that do not match. Without it the whole shelf is there to read. */
(function () {
  "use strict";
  const box = document.getElementById("find");
  if (!box) return;
  const scope = document.getElementById("scope");
  const state = document.getElementById("state");
  const found = document.getElementById("found");
  const rows = Array.from(document.querySelectorAll("[data-find]"));
  const months = Array.from(document.querySelectorAll(".months > details"));
  const openAtFirst = new Map(months.map((month) => [month, month.open]));

  function search() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const searching = Boolean(words.length || scope.value || state.value);
    const reports = new Set();
    for (const row of rows) {
      const wanted = words.every((word) => row.dataset.find.includes(word)) &&
        (!scope.value || row.dataset.scope === scope.value) && (!state.value || row.dataset.state === state.value);
      row.hidden = !wanted;
      if (wanted) reports.add(row.dataset.find);
    }
    for (const month of months) {
      const some = month.querySelector("[data-find]:not([hidden])");
      month.hidden = searching && !some;
      month.open = searching ? Boolean(some) : openAtFirst.get(month);
    }
    found.textContent = reports.size === 1 ? "1 report" : reports.size + " reports";
  }

  for (const control of [box, scope, state]) control.addEventListener("input", search);
  search();
})();
