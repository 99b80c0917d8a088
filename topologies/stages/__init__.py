"""One file for each stage: the topics it reads, the pure step it calls, the topics it writes; and the catalogue."""
