// Light or dark as Airflow's own pages: they keep the choice under this key of the same origin.
(() => {
  const root = document.documentElement;
  const follow = () => {
    let theme = null;
    try { theme = localStorage.getItem("theme"); } catch { /* storage may be forbidden: the system decides */ }
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  follow();
  addEventListener("storage", follow);
})();
// Inside Airflow's frame, which may not move the window around it, the page around follows links to Airflow.
addEventListener("click", (event) => {
  const link = event.target.closest("a[target=_top]");
  if (!link || parent === window) return;
  event.preventDefault();
  const outside = parent.document.createElement("a");
  outside.href = link.href;
  parent.document.body.append(outside);
  outside.click();
  outside.remove();
});
// What scrolls sideways can be reached and moved by keyboard.
const reachable = () => {
  for (const box of document.querySelectorAll(".scroll")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("DOMContentLoaded", reachable);
addEventListener("resize", reachable);
