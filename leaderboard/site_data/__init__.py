"""Everything the site shows, as JSON: docs/leaderboard_data.md describes it."""
