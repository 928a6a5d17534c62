// The same kinds of pages and feeds as ours; an article each, lists by year, series, tag and day, feeds in three kinds.
const footnotes = require("markdown-it-footnote");

const BASE = "https://bench.example.org";

function shelves(pieces, key, folder, hasFeeds) {
  const found = new Map();
  for (const piece of pieces) {
    for (const name of [].concat(key(piece))) {
      if (name) found.set(name, [...(found.get(name) || []), piece]);
    }
  }
  return [...found].map(([name, held]) => ({ name, path: `/${folder}/${name}/`, pieces: held, hasFeeds }));
}

module.exports = function (config) {
  config.amendLibrary("md", (md) => md.set({ typographer: true }).use(footnotes));
  config.setQuietMode(true);
  config.addFilter("iso", (date) => date.toISOString());
  config.addFilter("rfc822", (date) => date.toUTCString());
  config.addFilter("words", (date) => date.toLocaleDateString("en-GB", { dateStyle: "long", timeZone: "UTC" }));
  config.addFilter("first", (list, count) => list.slice(0, count));
  config.addFilter("minutes", (html) => Math.max(1, Math.round((html || "").split(" ").length / 220)));
  config.addFilter("json", (value) => JSON.stringify(value));
  config.addGlobalData("base", BASE);
  const newest = (api) => api.getFilteredByGlob("issues/*.md").reverse();
  config.addCollection("newest", newest);
  config.addCollection("shelves", (api) => {
    const pieces = newest(api);
    return [
      ...shelves(pieces, (one) => one.data.labels, "tags", true),
      ...shelves(pieces, (one) => one.data.series, "series", true),
      ...shelves(pieces, (one) => String(one.date.getUTCFullYear()), "years", true),
      ...shelves(pieces, (one) => one.date.toISOString().slice(5, 10), "on-this-day", false),
    ];
  });
  config.addCollection("feeds", function (api) {
    const pieces = newest(api);
    return [
      { name: "The Bench", path: "/", pieces },
      ...shelves(pieces, (one) => one.data.labels, "tags", true),
      ...shelves(pieces, (one) => one.data.series, "series", true),
      ...shelves(pieces, (one) => String(one.date.getUTCFullYear()), "years", true),
    ];
  });
  config.addPassthroughCopy("style.css");
  return { dir: { includes: "_includes", output: "public" }, markdownTemplateEngine: false };
};
