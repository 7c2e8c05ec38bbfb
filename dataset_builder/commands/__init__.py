"""The commands of `rarft-data`: one file each, registered in cli.py."""
