"""Several processes that answer one run: started by the command, by a launcher or by hand."""
