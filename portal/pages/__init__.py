"""How pages are made: templates and their security headers, forms, style sheets and scripts."""
