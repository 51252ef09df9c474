"""The wire contract: messages, the topics they travel on, and the one codec between them and bytes."""
