// The preview's page: it asks for the list and for one issue, and asks again when the server rings.
// Everything from files is set as text, never as markup; the page's policy forbids the rest.
"use strict";

const PANES = [
  ["desktop", "Desktop"], ["phone", "Phone"], ["dark", "Dark"], ["images-off", "Images off"],
  ["text", "Plain text"], ["page", "Web page"], ["entry", "Feed entry"],
];
const WIDTHS = { phone: "375 px wide", "images-off": "what is read before pictures load", text: "72 columns" };

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
let list = { title: "", files: [] };
let story = null;
let asked = 0;

// What is chosen lives in the address, so that a reload and a bookmark keep it.
const choice = () => {
  const kept = new URLSearchParams(location.hash.slice(1));
  return { file: kept.get("file") || "", view: kept.get("view") || "desktop", side: kept.get("side") === "1", worst: kept.get("reader") === "worst" };
};
const choose = (change) => {
  const next = { ...choice(), ...change };
  const kept = new URLSearchParams();
  if (next.file) kept.set("file", next.file);
  if (next.view !== "desktop") kept.set("view", next.view);
  if (next.side) kept.set("side", "1");
  if (next.worst) kept.set("reader", "worst");
  history.replaceState(null, "", "#" + kept);
};

const make = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const ask = async (address) => {
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
};
const count = (many, noun) => `${many} ${noun}${many === 1 ? "" : "s"}`;

// -- the list ---------------------------------------------------------------------------------------------------

const drawList = () => {
  const wanted = $("find").value.trim().toLowerCase();
  const rows = [];
  let group = null;
  for (const file of list.files) {
    if (wanted && !`${file.title} ${file.path}`.toLowerCase().includes(wanted)) continue;
    const folder = file.path.split("/").slice(1, -1).join("/");
    if (folder !== group) {
      group = folder;
      if (folder) rows.push(make("li", "group", folder));
    }
    const row = make("li");
    const button = make("button", "file");
    button.type = "button";
    button.title = file.path;
    if (story && file.path === story.path) button.setAttribute("aria-current", "true");
    button.append(make("span", "file-title", file.title));
    const words = file.state === "faults" ? count(file.faults, "fault") : file.state;
    button.append(make("span", `chip chip-${file.state}`, words));
    button.addEventListener("click", () => { choose({ file: file.path }); showIssue(); });
    row.append(button);
    rows.push(row);
  }
  $("files").replaceChildren(...rows);
  $("publication").textContent = list.title;
};

// -- the panes --------------------------------------------------------------------------------------------------

const drawTabs = () => {
  const { view, side, worst } = choice();
  $("tabs").replaceChildren(...PANES.map(([name, title], index) => {
    const tab = make("button", "tab", title);
    tab.type = "button";
    tab.dataset.view = name;
    tab.title = `${title} (${index + 1})`;
    tab.setAttribute("aria-pressed", String(name === view));
    tab.addEventListener("click", () => showView(name));
    return tab;
  }));
  $("side").checked = side;
  $("worst").checked = worst;
};

const showView = (name) => {
  choose({ view: name });
  drawTabs();
  drawPanes();
  const pane = document.querySelector(`.pane[data-view="${name}"]`);
  if (choice().side && pane) pane.scrollIntoView({ inline: "center", block: "nearest" });
};

const makePane = (name, title) => {
  const pane = make("figure", `pane pane-${name}`);
  pane.dataset.view = name;
  const words = WIDTHS[name] ? `${title} – ${WIDTHS[name]}` : title;
  pane.append(make("figcaption", "pane-name", words), make("div", "pane-frame"));
  return pane;
};

// A new frame is loaded behind the old one, scrolled to the same place, and then put before it: nothing flashes.
const load = (pane, title, address) => {
  if (pane.dataset.address === address) return;
  const isSameIssue = pane.dataset.file === story.path;
  pane.dataset.address = address;
  pane.dataset.file = story.path;
  const holder = pane.querySelector(".pane-frame");
  const frame = make("iframe", "is-coming");
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.title = title;
  frame.src = address;
  frame.addEventListener("load", () => {
    if (pane.dataset.address !== address) { frame.remove(); return; }
    const old = holder.querySelector("iframe:not(.is-coming)");
    const view = frame.contentWindow;
    if (old && isSameIssue) {
      const before = old.contentWindow;
      view.scrollTo({ left: before.scrollX, top: before.scrollY, behavior: "instant" });
    }
    watchLinks(frame.contentDocument);
    frame.classList.remove("is-coming");
    for (const other of holder.querySelectorAll("iframe")) if (other !== frame) other.remove();
  });
  holder.append(frame);
};

// A preview leads nowhere: a click says where a reader would go.
const watchLinks = (page) => {
  page.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href]");
    if (!link) return;
    const target = link.getAttribute("href");
    if (target.startsWith("#")) return;
    event.preventDefault();
    whisper(target);
  }, true);
};

let fading = 0;
const whisper = (words) => {
  $("whisper").textContent = words;
  $("whisper").hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { $("whisper").hidden = true; }, 4000);
};

const drawPanes = () => {
  const panes = $("panes");
  if (!story) return;
  if (!story.mail) {
    panes.classList.remove("is-side");
    panes.replaceChildren(brokenCard());
    return;
  }
  const { view, side, worst } = choice();
  const wanted = side ? PANES : PANES.filter(([name]) => name === view);
  const names = wanted.map(([name]) => name);
  panes.classList.toggle("is-side", side);
  for (const child of [...panes.children]) if (!names.includes(child.dataset.view)) child.remove();
  wanted.forEach(([name, title], index) => {
    let pane = panes.querySelector(`.pane[data-view="${name}"]`);
    if (!pane) {
      pane = makePane(name, title);
      panes.insertBefore(pane, panes.children[index] || null);
    }
    const query = new URLSearchParams({ file: story.path, revision: story.revision });
    if (worst) query.set("reader", "worst");
    load(pane, title, `/pane/${name}?${query}`);
  });
};

const brokenCard = () => {
  const card = make("div", "broken");
  const faults = story.findings.filter((one) => one.severity === "fault");
  card.append(make("h3", "", `${count(faults.length, "fault")} to mend`));
  card.append(make("p", "", "Nothing can be shown of this issue until then. Save the file, and this page follows."));
  const rows = make("ol");
  for (const fault of faults) {
    const row = make("li");
    row.append(findingButton(fault));
    rows.append(row);
  }
  card.append(rows);
  return card;
};

// -- head, findings and source ------------------------------------------------------------------------------------

const drawHead = () => {
  $("path").textContent = story.path;
  $("title").textContent = story.title;
  $("facts").textContent = [story.status, ...story.facts].filter(Boolean).join(" · ");
  document.title = `${story.title} – preview`;
  $("meter").hidden = $("inbox").hidden = !story.mail;
  if (!story.mail) return;
  const { bytes, worst } = story.mail;
  const { heavy, clipped } = story.limits;
  const isWorst = choice().worst;
  const shown = isWorst ? worst : bytes;
  const full = Math.max(clipped * 1.12, shown);
  const share = (size) => `${Math.min(100, (100 * size) / full)}%`;
  $("bytes").textContent = `${number.format(shown)} bytes`;
  $("bytes-more").textContent = isWorst ? `worst case, ${number.format(worst - bytes)} more` : `worst case ${number.format(worst)}`;
  $("fill").style.width = share(shown);
  $("mark-heavy").style.left = share(heavy);
  $("mark-clipped").style.left = share(clipped);
  $("meter-scale").textContent = `heavy from ${number.format(heavy)}, clipped from ${number.format(clipped)}`;
  $("bar").setAttribute("aria-valuenow", String(shown));
  $("bar").setAttribute("aria-valuemax", String(Math.round(full)));
  $("meter").className = `meter${shown > clipped ? " is-clipped" : shown > heavy ? " is-heavy" : ""}`;
  $("inbox-from").textContent = story.mail.from;
  $("inbox-subject").textContent = story.mail.subject;
  $("inbox-preheader").textContent = story.mail.preheader;
};

const place = (finding) => (finding.line ? `${finding.path}:${finding.line}` : finding.path);

const findingButton = (finding) => {
  const button = make("button", `finding ${finding.severity}`);
  button.type = "button";
  button.append(make("span", "sign"), make("span", "finding-words", finding.message));
  if (finding.cure) button.append(make("span", "finding-cure", finding.cure));
  const facts = [place(finding), finding.code, finding.severity].filter(Boolean);
  button.append(make("span", "finding-place", facts.join(" · ")));
  button.addEventListener("click", () => showLine(finding.path, finding.line || 1));
  return button;
};

const drawFindings = () => {
  const rows = story.findings.map((finding) => {
    const row = make("li");
    row.append(findingButton(finding));
    return row;
  });
  if (!rows.length) rows.push(make("li", "nothing", "Nothing to mend."));
  $("findings").replaceChildren(...rows);
  const of = (severity) => story.findings.filter((one) => one.severity === severity).length;
  const parts = [["fault", of("fault")], ["warning", of("warning")]].filter(([, many]) => many);
  const words = parts.map(([noun, many]) => count(many, noun));
  if (of("advice")) words.push(`${of("advice")} advice`);
  $("counts").textContent = words.join(", ");
};

const worstOf = (found) => ["fault", "warning", "advice"].find((one) => found.some((f) => f.severity === one));

const drawSource = () => {
  const scrolled = $("source").dataset.file === story.path ? $("source").scrollTop : 0;
  const blocks = [];
  for (const { path, lines } of story.sources) {
    blocks.push(make("div", "source-path", path));
    lines.forEach((text, index) => {
      const found = story.findings.filter((one) => one.path === path && one.line === index + 1);
      const line = make("div", `line${found.length ? ` has-${worstOf(found)}` : ""}`);
      line.dataset.path = path;
      line.dataset.line = String(index + 1);
      line.append(make("span", "line-number", String(index + 1)), make("span", "line-text", text || " "));
      blocks.push(line);
      for (const one of found) {
        const words = [one.code, one.cure ? `${one.message}; ${one.cure}` : one.message].filter(Boolean).join(" ");
        blocks.push(make("p", `beside ${one.severity}`, words));
      }
    });
  }
  $("source").replaceChildren(...blocks);
  $("source").dataset.file = story.path;
  $("source").scrollTop = scrolled;
};

const showLine = (path, line) => {
  for (const old of document.querySelectorAll(".line.is-shown")) old.classList.remove("is-shown");
  const found = [...document.querySelectorAll(".line")].find((one) => one.dataset.path === path && one.dataset.line === String(line));
  if (!found) return;
  found.classList.add("is-shown");
  found.scrollIntoView({ block: "center" });
};

// -- asking -----------------------------------------------------------------------------------------------------

const showIssue = async () => {
  const turn = ++asked;
  const wanted = choice().file;
  const file = list.files.find((one) => wanted && [one.path, one.id].includes(wanted)) || list.files[0];
  if (!file) {
    story = null;
    $("title").textContent = "No issue yet";
    $("facts").textContent = "`sparkpub new TITLE` begins one; this page follows.";
    for (const id of ["panes", "findings", "source"]) $(id).replaceChildren();
    $("meter").hidden = $("inbox").hidden = true;
    drawList();
    return;
  }
  let found;
  try {
    found = await ask(`/issue.json?${new URLSearchParams({ file: file.path })}`);
  } catch (fault) {
    whisper(fault.message);
    return;
  }
  if (turn !== asked) return;
  const isOther = !story || story.path !== found.path || story.revision !== found.revision;
  story = found;
  if (isOther) {
    if (!story.mail || $("panes").querySelector(".broken")) $("panes").replaceChildren();
    drawFindings();
    drawSource();
  }
  drawHead();
  drawTabs();
  drawPanes();
  drawList();
  document.body.dataset.revision = story.revision;
};

const refresh = async () => {
  try {
    list = await ask("/list.json");
  } catch (fault) {
    whisper(fault.message);
    return;
  }
  const shown = story && list.files.find((one) => one.path === story.path);
  if (shown && shown.revision === story.revision) drawList();
  else await showIssue();
};

let news = null;
const listen = () => {
  if (news) return;
  news = new EventSource("/events");
  news.onopen = () => setLive("is-live", "follows every save");
  news.onmessage = refresh;
  news.onerror = () => setLive("is-lost", "the preview has ended; start it again");
};
const setLive = (state, words) => {
  $("live").className = `live ${state}`;
  $("live-words").textContent = words;
};

// A browser allows a host six connections: tabs that nobody sees give theirs back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && news) { news.close(); news = null; } else if (!document.hidden) listen();
});
window.addEventListener("hashchange", showIssue);
$("find").addEventListener("input", drawList);
$("side").addEventListener("change", (event) => { choose({ side: event.target.checked }); drawPanes(); });
$("worst").addEventListener("change", (event) => { choose({ worst: event.target.checked }); drawHead(); drawPanes(); });
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input[type=search]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (PANES[Number(event.key) - 1]) showView(PANES[Number(event.key) - 1][0]);
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !story) return;
  const at = list.files.findIndex((one) => one.path === story.path);
  const next = list.files[at + step];
  if (next) { choose({ file: next.path }); showIssue(); }
});
drawTabs();
listen();
