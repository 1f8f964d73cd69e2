"""Mail: files of messages, put together to threads."""
