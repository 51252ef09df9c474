"""Who may do what: people, tokens, sessions, and the gate that every request passes."""
