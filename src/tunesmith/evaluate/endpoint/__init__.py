"""Asking models behind an endpoint that speaks OpenAI's chat completions protocol."""
