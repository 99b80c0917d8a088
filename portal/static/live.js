// Fetches a part of the page again when what it shows has changed; never while somebody types in it or has it open.
(function () {
  const address = document.body.dataset.stream;
  if (!address || !window.EventSource) return;
  const waiting = new Set();
  const busy = (part) => part.querySelector("details[open]") || (
    part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")
  );
  const fetchAgain = () => {
    for (const part of [...waiting]) {
      if (!part.isConnected) waiting.delete(part);
      else if (!busy(part)) {
        waiting.delete(part);
        htmx.trigger(part, "changed-elsewhere");
      }
    }
    document.dispatchEvent(new Event("shipsync:looked"));
  };
  const soon = (() => {
    let timer = 0, looked = 0;  // the first change is fetched at once; where more come without a pause, not so often
    return () => {
      timer = timer || setTimeout(() => {
        timer = 0;
        looked = performance.now();
        fetchAgain();
      }, Math.max(20, looked + 300 - performance.now()));
    };
  })();
  const changed = (kind, keys) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const kinds = part.dataset.live.split(" ");
      const only = part.dataset.liveKey;
      if (kinds.includes(kind) && (!only || kind !== "shipment" || keys.includes(only))) waiting.add(part);
    }
    soon();
  };
  const source = new EventSource(address);
  for (const kind of ["shipment", "order", "alert", "feed"]) {
    source.addEventListener(kind, (event) => changed(kind, JSON.parse(event.data)));
  }
  source.addEventListener("reset", () => {
    for (const part of document.querySelectorAll("[data-live]")) waiting.add(part);
    soon();
  });
  document.addEventListener("focusout", soon);
  document.addEventListener("toggle", soon, true);
  addEventListener("pagehide", () => source.close());
})();
