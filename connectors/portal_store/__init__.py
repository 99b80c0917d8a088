"""The portal's own file in the data folder: the filters that people saved."""
