/* The shelf's search: hides the rows that do not match. Without it the whole shelf is there to read.
   What is looked for stands in the address too, so that it can be passed on, and taken along to the page of a month. */
(function () {
  "use strict";
  const controls = ["find", "scope", "state"].map((name) => document.getElementById(name));
  if (!controls[0]) return;
  const [box, scope, state] = controls;
  const month = document.getElementById("month");
  const found = document.getElementById("found");
  const rows = Array.from(document.querySelectorAll("[data-state]"), (row) => {
    const group = row.closest("details");
    return { row, text: (row.textContent + " " + (group ? group.querySelector("b").textContent : "")).toLowerCase(), counts: row.tagName === "TR" };
  });
  const all = rows.filter((one) => one.counts).length;
  const months = Array.from(document.querySelectorAll(".months > details"));
  const openAtFirst = new Map(months.map((one) => [one, one.open]));

  function asked() {
    const given = controls.filter((control) => control.value).map((control) => [control.id, control.value]);
    return given.length ? "#" + new URLSearchParams(given) : "";
  }

  function search() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const searching = Boolean(words.length || scope.value || state.value);
    let count = 0;
    for (const { row, text, counts } of rows) {
      const wanted = (!scope.value || row.dataset.scope === scope.value) && (!state.value || row.dataset.state === state.value) &&
        words.every((word) => text.includes(word));
      row.hidden = !wanted;
      count += wanted && counts;
    }
    for (const one of months) {
      const some = one.querySelector("tr[data-state]:not([hidden])");
      one.hidden = searching && !some;
      one.open = searching ? Boolean(some) : openAtFirst.get(one);
    }
    found.textContent = (count === 1 ? "1 report" : count + " reports") + (searching ? " of " + all : "");
  }

  function take() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const control of controls) control.value = given.get(control.id) || "";
    search();
  }

  for (const control of controls) {
    control.addEventListener("input", () => {
      history.replaceState(null, "", asked() || "#");
      search();
    });
  }
  month.addEventListener("change", () => {
    if (month.value) location.href = month.value + asked();
  });
  addEventListener("pageshow", () => month.value = "");
  addEventListener("hashchange", take);
  take();
})();
