"""One file a stage: which topics it reads, which pure step it calls, what it writes; and the catalogue of all."""
