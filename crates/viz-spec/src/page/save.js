  // What leaves the page: ids, selections, tables, pictures.

  const idsOf = (rows) => rows.map((row) => table.ids[row]);

  async function copy(text, button) {
    let ok = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages opened from a file may not be allowed to.
      const area = make("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      ok = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    const before = (button.dataset.says ??= button.textContent);
    button.textContent = ok ? "Copied" : "Not allowed";
    setTimeout(() => (button.textContent = before), 1500);
  }

  function download(text, type, name) {
    const a = make("a");
    a.href = URL.createObjectURL(new Blob([text], { type }));
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  }

  // A cell as RFC 4180 has it. What a spreadsheet could take for a formula begins with an apostrophe, which makes it a text.
  function cell(text) {
    const safe = /^\s*[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replace(/"/g, '""')}"` : safe;
  }

  function csv(rows) {
    const places = view.maps.flatMap((map) => map.at.map((values, c) => {
      const name = view.several ? `${"xyz"[c]}_${view.title(map)}` : "xyz"[c];
      return { name, values };
    }));
    const number = (x) => (Number.isFinite(x) ? String(x) : "");
    const header = ["id", "label", ...places.map((p) => p.name), ...table.columns.map((c) => c.name)].map(cell);
    const lines = rows.map((row) => [
      cell(table.ids[row]),
      cell(table.label(row) ?? ""),
      ...places.map((p) => number(p.values[row])),
      ...table.columns.map((c) => (c.numeric ? number(c.values[row]) : cell(told(c, row)))),
    ]);
    return [header, ...lines].map((line) => line.join(",") + "\r\n").join("");
  }

  function allVisible() {
    const rows = [];
    for (let row = 0; row < table.n; row++) if (view.visible(row)) rows.push(row);
    return rows;
  }

  const picture = (format) => later(() => {
    const { width, height } = plot._fullLayout;
    return Plotly.downloadImage(plot, { format, filename: "map", width, height, scale: format === "png" ? 2 : 1 });
  });

  function actions() {
    $("copy").addEventListener("click", () => copy(idsOf(chosen()).join("\n"), $("copy")));
    $("save").addEventListener("click", () => {
      const json = JSON.stringify({ selections: [{ instance_ids: idsOf(chosen()), priority: 1 }] }, null, 2) + "\n";
      download(json, "application/json", "selection.json");
    });
    $("table").addEventListener("click", () => {
      const rows = chosen();
      download(csv(rows.length ? rows : allVisible()), "text/csv;charset=utf-8", "map.csv");
    });
    $("png").addEventListener("click", () => picture("png"));
    $("svg").addEventListener("click", () => picture("svg"));
  }
