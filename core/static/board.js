// The board in the hall: fetched anew at each minute's turn, so that sessions change when they begin and end. When the network
// is gone the last board stays, with the line that says so, and it is tried again after growing pauses.
"use strict";
(function () {
  const MINUTE = 60000, FIRST_PAUSE = 5000, LONGEST_PAUSE = 5 * MINUTE, PATIENCE = 20000;
  let board = document.getElementById("board"), since = performance.now(), pause = 0, timer;

  // The server's clock, not the screen's, whose own may be wrong.
  const now = () => Number(board.dataset.at || Date.now()) + performance.now() - since;
  const files = (page) => [...page.querySelectorAll("head [src], head [rel=stylesheet]")].map((one) => one.getAttribute("src") || one.getAttribute("href")).join();

  function showTime() {
    const clock = board.querySelector(".clock");
    const options = { hour: "numeric", minute: "2-digit", hourCycle: "h23", timeZone: board.dataset.zone };
    if (clock) clock.textContent = new Intl.DateTimeFormat("en-GB", options).format(now()).replace(/^0/, "");
  }

  async function refresh() {
    clearTimeout(timer);
    const giveUp = new AbortController(), patience = setTimeout(() => giveUp.abort(), PATIENCE);
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: giveUp.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("board");
      if (!fresh) throw new Error("no board: " + answer.status);  // something between us and the house answered
      if (files(page) !== files(document)) return location.reload();  // the house was renewed: take its new script and style too
      document.title = page.title;
      board.replaceWith(fresh);
      board = fresh;
      since = performance.now();
      pause = 0;
    } catch (lost) {
      const line = board.querySelector(".lost");
      if (line) line.hidden = false;
      pause = Math.min(pause * 2 || FIRST_PAUSE, LONGEST_PAUSE);
    } finally {
      clearTimeout(patience);
    }
    timer = setTimeout(refresh, pause || MINUTE - (now() % MINUTE) + 500);
  }

  timer = setTimeout(refresh, MINUTE - (now() % MINUTE) + 500);
  setInterval(showTime, 1000);
  addEventListener("online", refresh);
})();
