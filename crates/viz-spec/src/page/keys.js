  // The pointer, the keyboard, and the beginning.

  actions();
  $("clear").addEventListener("click", clear);
  $("close").addEventListener("click", close);
  $("back").addEventListener("click", () => {
    const back = [...card.back];
    open(back.pop(), back);
  });
  $("copy-id").addEventListener("click", () => copy(table.ids[card.row], $("copy-id")));
  $("near-select").addEventListener("click", () => {
    select([card.row, ...card.near.map((n) => n.row)]);
    show();
  });
  $("by").addEventListener("change", recolor);

  // Plane maps: which point is under the pointer is for the page to find, among all of them at once.
  let pointer = { x: 0, y: 0 };
  let down = null;
  let looking = 0;
  const inPlane = (e) => e.target instanceof Element && e.target.closest("#plot .draglayer") !== null;
  plot.addEventListener("pointerdown", (e) => {
    keys = { shift: e.shiftKey, alt: e.altKey, shiftKey: e.shiftKey };
    down = inPlane(e) && e.button === 0 ? { x: e.clientX, y: e.clientY } : null;
  }, true);
  addEventListener("pointermove", (e) => {
    pointer = { x: e.clientX, y: e.clientY };
    // A lasso may end where it began, and is no click.
    if (down && Math.hypot(e.clientX - down.x, e.clientY - down.y) >= 4) down = null;
    if (!view?.plane.length || e.pointerType === "touch") return;
    if (e.buttons || !inPlane(e)) {
      if (hovered.map && !hovered.map.space) leave();
      return;
    }
    looking ||= requestAnimationFrame(() => {
      looking = 0;
      if (plot.dataset.ready === undefined) return;
      const { map, row } = under(pointer.x, pointer.y);
      hover(row, row === null ? null : map, pointer.x, pointer.y);
      plot.classList.toggle("pointing", row !== null);
    });
  }, true);
  addEventListener("pointerup", (e) => {
    const still = down !== null;
    down = null;
    if (!still || plot.dataset.ready === undefined) return;
    tip(null);
    const { row } = under(e.clientX, e.clientY);
    if (row !== null) setTimeout(() => click(row, keys), 0);
  }, true);

  // Search.
  let typing;
  let hits = [];
  let hit = -1;
  function forget() {
    clearTimeout(typing);
    $("search").value = "";
    $("found").textContent = "";
    [hits, hit] = [[], -1];
  }
  function search() {
    clearTimeout(typing);
    const words = $("search").value.trim();
    const { rows, byId } = words ? table.find(words) : { rows: [], byId: 0 };
    hits = rows.filter((row) => view.in[row]);
    hit = -1;
    select(hits);
    card = null;
    $("card").hidden = true;
    view.outlines = [];
    const ids = byId && byId < hits.length ? `, ${count(byId)} by id` : "";
    $("found").textContent = words ? (hits.length ? `${count(hits.length)} found${ids}` : "nothing found") : "";
    show();
  }
  $("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(search, 200);
  });
  $("search").addEventListener("keydown", (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    if (hit < 0) search();
    if (!hits.length) return;
    hit = (hit + (e.shiftKey && hit >= 0 ? hits.length - 1 : 1)) % hits.length;
    $("found").textContent = `${count(hit + 1)} of ${count(hits.length)}`;
    open(hits[hit]);
  });

  // Lists: one place for Tab, arrows inside.
  for (const id of ["legend", "list", "near"]) {
    $(id).addEventListener("keydown", (e) => {
      const all = [...$(id).querySelectorAll("button")];
      const at = all.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
      if (at < 0 || to === undefined) return;
      e.preventDefault();
      if (!all[to]) return;
      all[at].tabIndex = -1;
      all[to].tabIndex = 0;
      all[to].focus();
    });
    // Where a click put the focus, Tab comes back to.
    $(id).addEventListener("focusin", (e) => {
      if (e.target.tabIndex === 0) return;
      for (const button of $(id).querySelectorAll('button[tabindex="0"]')) button.tabIndex = -1;
      e.target.tabIndex = 0;
    });
  }

  // Maps: arrows move them, + and - zoom, 0 shows all.
  $("plot").addEventListener("keydown", (e) => {
    const button = e.target.closest?.(".modebar-btn");
    if (button && (e.key === "Enter" || e.key === " ")) {
      e.preventDefault();
      button.click();
      return;
    }
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const zoom = { "+": 0.8, "=": 0.8, "-": 1.25 }[e.key];
    if (e.target !== plot || !(moves[e.key] || zoom || e.key === "0") || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    laterHere(() => {
      const update = {};
      for (const map of view.plane) {
        ["xaxis", "yaxis"].forEach((name, c) => {
          const key = numbered(name, map.number);
          const [a, b] = plot._fullLayout[key].range;
          const length = b - a;
          const shift = (moves[e.key]?.[c] ?? 0) * 0.12 * length;
          const grow = (length * ((zoom ?? 1) - 1)) / 2;
          const [from, to] = map.grid.bounds.slice(2 * c);
          const pad = 0.04 * (to - from) || 1;
          update[`${key}.range`] = e.key === "0" ? [from - pad, to + pad] : [a + shift - grow, b + shift + grow];
        });
      }
      return Object.keys(update).length ? Plotly.relayout(plot, update) : undefined;
    });
  });

  addEventListener("keydown", (e) => {
    const writing = e.target.matches?.("input, textarea, select");
    if (e.key === "/" && !writing && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      $("search").focus();
      $("search").select();
    } else if (e.key === "Escape" && view) {
      if (card) close();
      else clear();
      if (e.target === $("search")) e.preventDefault();
    }
  });

  // Light or dark: as the system has it, or as the switch says.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  function themed() {
    $("theme").setAttribute("aria-pressed", isDark());
    if (view) laterHere(() => paint());
  }
  $("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    themed();
  });
  system.addEventListener("change", themed);

  figures.forEach(({ name }, i) => {
    const button = press("", () => draw(i));
    button.textContent = name;
    $("tabs").append(button);
  });
  $("tabs").hidden = figures.length < 2;
  if (typeof Plotly === "undefined") {
    $("hint").textContent = "This page needs plotly.js, which could not be loaded.";
    return;
  }
  if (figures.length === 0) {
    $("of").textContent = "points: this page has no map";
    return;
  }
  let resized;
  new ResizeObserver(() => {
    clearTimeout(resized);
    resized = setTimeout(fit, 100);
  }).observe(document.querySelector("main"));
  themed();
  draw(0);
