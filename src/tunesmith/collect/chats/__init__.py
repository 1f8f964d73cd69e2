"""Chats: exports of chat services, logs, and transcripts of agents and customers."""

from tunesmith.collect.chats.source import ChatSource

__all__ = ["ChatSource"]
