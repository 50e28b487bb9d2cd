// Draws the bars of tables: each [data-chart] names the element around its table. Without this script the tables say it all.
"use strict";

(() => {
  const LIES = 2.75;  // rem for each bar that lies
  const PATTERNS = [  // colours are never the only sign: the swatches in house.css show the same
    null,
    { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 6], rotation: -Math.PI / 4, color: "#fff" },
    { symbol: "circle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [5, 0], symbolSize: 0.6, color: "#fff" },
  ];
  const figure = (cell) => Math.abs(parseFloat(cell.textContent.trim().replace("−", "-"))) || 0;
  const label = (cell) => (cell.querySelector("[data-short]") || cell).textContent.trim();

  function options(box, at, rows) {
    const look = getComputedStyle(box), across = "across" in box.dataset;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const words = { color: look.color, fontFamily: look.fontFamily, fontSize: rem };
    const beside = across ? { ...words, width: at.clientWidth * 0.38, overflow: "truncate" } : words;
    const names = { type: "category", data: rows.map((row) => label(row[0])), axisLabel: beside, axisTick: { show: false }, inverse: across };
    const points = { type: "value", minInterval: 1, axisLabel: words, splitNumber: across ? 3 : 5 };
    const colours = [...box.querySelectorAll(".house-swatch")].map((one) => getComputedStyle(one).backgroundColor);
    return {
      animation: false,
      grid: { left: 4, right: rem * 1.5, top: rem, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: across ? points : names,
      yAxis: across ? names : points,
      series: box.dataset.columns.split(" ").map((column, number) => ({
        type: "bar",
        silent: true,
        barMaxWidth: rem * 2,
        data: rows.map((row) => figure(row[column])),
        itemStyle: { color: colours[number], decal: PATTERNS[number] },
      })),
    };
  }

  document.querySelectorAll("[data-chart]").forEach((box) => {
    const found = document.querySelectorAll(`#${box.dataset.chart} tbody tr:not([data-sum])`);
    const rows = [...found].map((row) => [...row.cells]);
    if (rows.length < 2) return;
    box.hidden = false;
    const at = box.querySelector(".house-chart");
    if ("across" in box.dataset) at.style.height = `${rows.length * LIES + 2}rem`;
    const chart = echarts.init(at, null, { renderer: "canvas" });
    new ResizeObserver(() => {  // at first, and whenever the page becomes another width or its print large
      chart.resize();
      chart.setOption(options(box, at, rows));
    }).observe(at);
  });
})();
