// Draws the bars of tables: each [data-chart] names the element around its table. Without this script the tables say it all.
"use strict";

(() => {
  const LIES = 2.75;  // rem for each bar that lies
  const PATTERNS = [  // colours are never the only sign: the swatches in house.css show the same
    null,
    { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 6], rotation: -Math.PI / 4, color: "#fff" },
    { symbol: "circle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [5, 0], symbolSize: 0.6, color: "#fff" },
  ];
  const figure = (cell) => Math.abs(parseInt(cell.textContent.trim().replace("−", "-"), 10)) || 0;
  const label = (cell) => (cell.querySelector("[data-short]") || cell).textContent.trim();

  function draw(box) {
    const cells = [...document.querySelectorAll(`#${box.dataset.chart} tbody tr:not([data-sum])`)].map((row) => [...row.cells]);
    if (cells.length < 2) return;
    box.hidden = false;
    const at = box.querySelector(".house-chart"), look = getComputedStyle(box);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const across = "across" in box.dataset;
    if (across) at.style.height = `${cells.length * LIES + 2}rem`;
    const words = { color: look.color, fontFamily: look.fontFamily, fontSize: rem * 0.9375 };
    const names = { type: "category", data: cells.map((row) => label(row[0])), axisLabel: words, axisTick: { show: false }, inverse: across };
    const points = { type: "value", minInterval: 1, axisLabel: words, splitNumber: across ? 3 : 5 };
    const colours = [...box.querySelectorAll(".house-swatch")].map((one) => getComputedStyle(one).backgroundColor);
    if (across) Object.assign(names.axisLabel = { ...words }, { width: at.clientWidth * 0.38, overflow: "truncate" });
    const chart = echarts.init(at, null, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      grid: { left: 4, right: rem * 1.5, top: rem, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: across ? points : names,
      yAxis: across ? names : points,
      series: box.dataset.columns.split(" ").map((column, number) => ({
        type: "bar",
        silent: true,
        barMaxWidth: rem * 2,
        data: cells.map((row) => figure(row[column])),
        itemStyle: { color: colours[number], decal: PATTERNS[number] },
      })),
    });
    new ResizeObserver(() => chart.resize()).observe(at);
  }
  document.querySelectorAll("[data-chart]").forEach(draw);
})();
