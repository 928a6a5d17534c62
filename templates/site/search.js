// Search without a server: a compact index, loaded when it is needed, and every word must be found.
(() => {
  const input = document.getElementById("q");
  const found = document.getElementById("found");
  const results = document.getElementById("results");
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const plural = new Intl.PluralRules(found.dataset.language);
  let index = null;

  const load = () => {
    index ??= fetch("index.json")
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
      .then((rows) => rows.map(([title, summary, href, date, more]) => (
        { title, summary, href, date, head: plain(title), all: plain([title, summary, date, more].join(" ")) })));
    return index;
  };

  const show = (piece) => {
    const row = document.createElement("li");
    const head = document.createElement("h2");
    const link = document.createElement("a");
    const summary = document.createElement("p");
    const date = document.createElement("p");
    head.className = "headline";
    date.className = "meta";
    link.href = location.protocol === "file:" ? piece.href + "index.html" : piece.href;
    link.textContent = piece.title;
    summary.textContent = piece.summary;
    date.textContent = piece.date;
    head.append(link);
    row.append(head, summary, date);
    return row;
  };

  const search = async () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    if (words.length === 0) {
      results.replaceChildren();
      found.textContent = "";
      return;
    }
    let pieces;
    try {
      pieces = await load();
    } catch {
      index = null;
      found.textContent = found.dataset.fault;
      return;
    }
    const hits = pieces.filter((piece) => words.every((word) => piece.all.includes(word)));
    const weight = (piece) => words.filter((word) => piece.head.includes(word)).length;
    hits.sort((one, other) => weight(other) - weight(one));
    found.textContent = (found.dataset[plural.select(hits.length)] ?? found.dataset.rest).replace("{}", hits.length);
    results.replaceChildren(...hits.slice(0, 100).map(show));
  };

  document.querySelector("form.search").addEventListener("submit", (event) => {
    event.preventDefault();
    history.replaceState(null, "", "?" + new URLSearchParams({ q: input.value }));
    search();
  });
  input.addEventListener("input", search);
  input.addEventListener("focus", () => load().catch(() => { index = null; }), { once: true });
  input.value = new URLSearchParams(location.search).get("q") ?? "";
  if (input.value) search();
})();
