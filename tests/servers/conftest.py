"""The servers run as processes of their own; there is nothing to collect in them."""

collect_ignore_glob = ["*.py"]
