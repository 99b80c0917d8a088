"""ERPs that a YAML file declares: how to sign in, which calls make a posting, how its answers read, where orders are.

``systems/`` holds a file for each of several common ERPs; docs/erp-rest.md explains every field.
"""
