"""A trained tiny Qwen2.5-VL: `package:tiny_rarft`; docs/tiny_proof.md says how."""
