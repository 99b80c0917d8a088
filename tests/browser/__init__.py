"""Pages in a browser: how they look, whether a keyboard is enough, and what foreign text does in them."""
