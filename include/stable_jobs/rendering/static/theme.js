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
