"""Numbers that belong together (pieces, hand-overs, relabels, returns): what a child tells its parents."""
