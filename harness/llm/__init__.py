"""Ask language models: concurrent, cached, budgeted, resumable, by any OpenAI-compatible server."""
