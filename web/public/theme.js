// Runs before the first paint, so that no page flashes in the wrong colours. src/theme.ts is the other half.
(function () {
  var dark = matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var chosen = null;
    try {
      chosen = localStorage.getItem("headway.theme");
    } catch (refused) {
      // Storage is blocked: follow the system.
    }
    if (chosen !== "dark" && chosen !== "light") chosen = dark.matches ? "dark" : "light";
    document.documentElement.dataset.theme = chosen;
    dispatchEvent(new Event("headway:theme"));
  }
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  apply();
})();
