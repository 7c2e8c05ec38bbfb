"""A Qwen2.5-VL of 2.6 million parameters: its configuration, tokenizer and processor settings."""
