"""The tiny proof: a Qwen2.5-VL small enough to be trained from nothing on two processor cores."""
