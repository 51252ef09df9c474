"""What the services share: the wire, the ports and their adapters, settings, the loop."""
