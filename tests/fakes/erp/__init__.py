"""ERPs on a port of this machine that behave as their published APIs say, with the faults real ones have."""
