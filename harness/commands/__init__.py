"""The subcommands of `rarft-eval` that stand on their own: one file each, registered in cli.py."""
