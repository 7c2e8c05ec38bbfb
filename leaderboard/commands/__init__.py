"""The commands of `rarft-leaderboard`, one file each."""
